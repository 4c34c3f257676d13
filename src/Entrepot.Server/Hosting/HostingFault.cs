namespace Entrepot.Server.Hosting;

/// <summary>Why a node could not start.</summary>
public enum HostingFault
{
    /// <summary>The data folder can't be made, read or written.</summary>
    DataFolder,

    /// <summary>Another process uses the data folder.</summary>
    DataFolderInUse,

    /// <summary>The data folder was laid out by a newer version.</summary>
    DataFolderNewer,

    /// <summary>The data folder holds something, and nothing says that it is a data folder.</summary>
    DataFolderForeign,

    /// <summary>The roles asked for do not go together, or lack an address.</summary>
    Roles,
}
