namespace Entrepot.Ports.Allocation;

/// <summary>Why a port can't be had.</summary>
public enum PortFault
{
    /// <summary>The request is not well formed.</summary>
    RequestInvalid,

    /// <summary>Every port that the request allows is refused; the message says why for each.</summary>
    NoPortLeft,

    /// <summary>The address is not one of this host's, so no port of it can be bound.</summary>
    AddressUnavailable,

    /// <summary>The system refused to make or bind the socket for a reason that another port would not mend.</summary>
    BindFailed,

    /// <summary>No such service has a lease, or nothing is known of what it asked.</summary>
    ServiceUnknown,

    /// <summary>The lease was granted again since, or released: whoever holds this one must stop.</summary>
    LeaseSuperseded,
}
