namespace Entrepot.Server.Client;

/// <summary>Why a call to a network did not come to an answer. Refusals by the network itself keep their own code.</summary>
public enum ClientFault
{
    /// <summary>Nothing answers at the address, or not in time.</summary>
    Unreachable,

    /// <summary>Something answers that does not speak this API.</summary>
    NotEntrepot,

    /// <summary>The network does not offer the surface that is needed.</summary>
    NoSurface,

    /// <summary>The connection broke in the middle of an answer.</summary>
    Interrupted,

    /// <summary>A file or folder on this side can't be read.</summary>
    Unreadable,

    /// <summary>A file was changed while it was being pushed.</summary>
    Changed,

    /// <summary>A name on this side can't be published.</summary>
    Name,

    /// <summary>A file of the mirror can't have its name on this side.</summary>
    OutputName,

    /// <summary>A symbolic link or a special file stands in a folder that is pushed.</summary>
    NotAFile,

    /// <summary>The credential would have to be sent in clear text over a network.</summary>
    ClearText,

    /// <summary>What is named as a token is none, or can't be read.</summary>
    Token,

    /// <summary>The target of a push or the source of a pull is not of the form <c>mirror/path</c>.</summary>
    Target,

    /// <summary>The file with the authority to believe can't be used.</summary>
    Authority,

    /// <summary>The surface shows a certificate that is not believed.</summary>
    Certificate,
}
