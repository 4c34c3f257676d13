namespace Entrepot.Server.Http;

/// <summary>Why a request was refused before any feature saw it.</summary>
public enum HttpFault
{
    /// <summary>The request target is not an origin-form or absolute-form path.</summary>
    Target,

    /// <summary>The surface answers other methods at this address.</summary>
    Method,

    /// <summary>The client's address is not on the surface's allow-list.</summary>
    Address,

    /// <summary>The client asks more often than the surface's rate allows.</summary>
    Rate,

    /// <summary>The request was sent to a name that is not the node's.</summary>
    Host,

    /// <summary>Nothing is at this address.</summary>
    NotFound,

    /// <summary>The request's body or a parameter is not well formed.</summary>
    Body,

    /// <summary>Several headers are not well formed.</summary>
    Headers,

    /// <summary>None of the requested ranges overlaps the content.</summary>
    Range,

    /// <summary>A condition in the request does not hold.</summary>
    Precondition,

    /// <summary>Something failed inside; the log has it under the trace id.</summary>
    Internal,
}
