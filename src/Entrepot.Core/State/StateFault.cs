namespace Entrepot.Core.State;

/// <summary>Why the state can't be opened or changed.</summary>
public enum StateFault
{
    /// <summary>The data folder was written by a newer version of Entrepot.</summary>
    NewerVersion,

    /// <summary>Another process has the data folder open.</summary>
    InUse,

    /// <summary>The database file is damaged, or is not one.</summary>
    Damaged,

    /// <summary>The disk is full.</summary>
    DiskFull,

    /// <summary>The folder or file can't be opened.</summary>
    Unreadable,

    /// <summary>The state is being closed.</summary>
    Closed,
}
