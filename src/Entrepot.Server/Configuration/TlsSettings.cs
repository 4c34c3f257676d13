using System.Security.Authentication;

namespace Entrepot.Server.Configuration;

/// <summary>Whether a surface serves clear text.</summary>
public enum TlsMode
{
    /// <summary>Both; a credential is taken over TLS, or from this machine itself.</summary>
    Optional,

    /// <summary>TLS alone: reads in clear text are sent on to it, everything else is refused.</summary>
    Required,
}

/// <summary>Whether a surface asks its clients for a certificate of the network's authority. Nodes show theirs in any case.</summary>
public enum ClientCertificateMode
{
    /// <summary>It does not ask.</summary>
    None,

    /// <summary>It asks, and takes those that have none as well.</summary>
    Optional,

    /// <summary>Who has none is refused in the handshake, and so is clear text.</summary>
    Required,
}

/// <summary>TLS of one surface. In the settings of a surface null means: as in the group <c>tls</c>.</summary>
public sealed record TlsSettings
{
    /// <summary>Default optional.</summary>
    public TlsMode? Mode { get; init; }

    /// <summary>Certificate with its chain, PEM or PKCS #12; null for one of the network's own authority. Read again when the file changes.</summary>
    public string? Certificate { get; init; }

    /// <summary>Private key as PEM, when it is in a file of its own.</summary>
    public string? Key { get; init; }

    /// <summary>File of the password that opens the key or the PKCS #12 file.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Oldest version, 1.2 or 1.3. Default 1.2 (RFC 9325 §3.1.1).</summary>
    public SslProtocols? Minimum { get; init; }

    /// <summary>Whether clients are asked for a certificate. Default: optional for pushing, required for the audit service, none elsewhere.</summary>
    public ClientCertificateMode? ClientCertificates { get; init; }

    /// <summary>Tell browsers to come by TLS alone from now on (RFC 6797). Only surfaces that require TLS say so: it binds every port of the
    /// host name. Default true.</summary>
    public bool? Hsts { get; init; }

    /// <summary>For how long browsers keep to it, 1 min–3,650 days. Default 365 days.</summary>
    public TimeSpan? HstsMaxAge { get; init; }

    /// <summary>For every name below the host name as well. Default false.</summary>
    public bool? HstsSubdomains { get; init; }

    /// <summary>Ask for a place in browsers' built-in lists, from which a name takes months to get out. Default false.</summary>
    public bool? HstsPreload { get; init; }

    /// <summary>True when nothing is served in clear text.</summary>
    internal bool IsRequired => Mode == TlsMode.Required || ClientCertificates == ClientCertificateMode.Required;

    /// <summary>What a node is told when nothing is said.</summary>
    public static TlsSettings Default { get; } = new()
    {
        Mode = TlsMode.Optional, Minimum = SslProtocols.Tls12, Hsts = true, HstsMaxAge = TimeSpan.FromDays(365), HstsSubdomains = false, HstsPreload = false,
    };

    /// <summary>These settings, and what they leave open from others. A certificate comes with its key and its password.</summary>
    public TlsSettings Over(TlsSettings others)
    {
        var files = Certificate is not null ? this : others;
        return new TlsSettings
        {
            Mode = Mode ?? others.Mode, Certificate = files.Certificate, Key = files.Key, PasswordFile = files.PasswordFile, Minimum = Minimum ?? others.Minimum,
            ClientCertificates = ClientCertificates ?? others.ClientCertificates, Hsts = Hsts ?? others.Hsts, HstsMaxAge = HstsMaxAge ?? others.HstsMaxAge, HstsSubdomains = HstsSubdomains ?? others.HstsSubdomains,
            HstsPreload = HstsPreload ?? others.HstsPreload,
        };
    }

    /// <summary>With file names taken from a folder.</summary>
    internal TlsSettings From(string folder) => this with
    {
        Certificate = Full(Certificate, folder), Key = Full(Key, folder), PasswordFile = Full(PasswordFile, folder),
    };

    private static string? Full(string? path, string folder) => path is null ? null : Path.GetFullPath(path, folder);
}
