namespace Entrepot.Cli;

/// <summary>Why a command did not begin.</summary>
public enum CliFault
{
    /// <summary>The command line is not understood.</summary>
    Usage,

    /// <summary>No running network is known.</summary>
    NoNetwork,

    /// <summary>The command needs a confirmation that nobody can give.</summary>
    Unconfirmed,

    /// <summary>A file on this side can't be written.</summary>
    Output,

    /// <summary>A file on this side can't be read.</summary>
    Unreadable,

    /// <summary>Something failed that nobody thought of.</summary>
    Unexpected,
}
