namespace Entrepot.Server.Audit.Copy;

/// <summary>Why a journal is not copied.</summary>
public enum CopyFault
{
    /// <summary>The other node does not answer, or stops in the middle.</summary>
    Unreachable,

    /// <summary>What it sends is no export of a journal.</summary>
    Malformed,

    /// <summary>It sends on and on without signing anything.</summary>
    Endless,

    /// <summary>What it sent for the first copy does not prove.</summary>
    Broken,

    /// <summary>Nothing was copied yet.</summary>
    Empty,
}
