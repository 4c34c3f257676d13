namespace Entrepot.Server.Admin;

/// <summary>Why an order to the admin surface was refused before it reached a feature.</summary>
public enum AdminFault
{
    /// <summary>No such kind or format of mirror.</summary>
    UnknownKind,

    /// <summary>What says who may read a mirror is neither private nor public.</summary>
    UnknownAccess,
}
