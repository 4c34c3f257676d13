namespace Entrepot.Server.Drills;

/// <summary>Why a drill does not take place.</summary>
public enum DrillFault
{
    /// <summary>There is no such drill.</summary>
    Unknown,

    /// <summary>Another one is going on.</summary>
    Busy,

    /// <summary>The node lacks what the drill is about.</summary>
    NotHere,

    /// <summary>The number of rounds is out of range.</summary>
    Rounds,
}
