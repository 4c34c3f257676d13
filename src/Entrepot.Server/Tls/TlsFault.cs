namespace Entrepot.Server.Tls;

/// <summary>Why a surface has no TLS, or a request is not taken for want of it.</summary>
public enum TlsFault
{
    /// <summary>The certificate can't be read, or is none.</summary>
    Certificate,

    /// <summary>The private key is missing, or another certificate's.</summary>
    Key,

    /// <summary>The key's password is missing or wrong.</summary>
    Password,

    /// <summary>The surface takes TLS alone.</summary>
    Required,
}
