namespace Entrepot.Server.RemoteHosts;

/// <summary>Why another host could not be asked.</summary>
public enum RemoteHostFault
{
    /// <summary>The address is not understood.</summary>
    Address,

    /// <summary>The host's key is not known, has changed, or is revoked.</summary>
    HostKey,

    /// <summary>There is no private key to log in with, or the host refuses it.</summary>
    Login,

    /// <summary>The host does not answer, or not in time.</summary>
    Unreachable,

    /// <summary>The command is missing there, or its output is not usable.</summary>
    Answer,
}
