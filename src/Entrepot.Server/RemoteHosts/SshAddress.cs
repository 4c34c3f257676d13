using System.Globalization;
using Entrepot.Core.Faults;

namespace Entrepot.Server.RemoteHosts;

/// <summary>A host and the user to log in as.</summary>
/// <param name="User">The user.</param>
/// <param name="Host">Name or address.</param>
/// <param name="Port">1–65535.</param>
public sealed record SshAddress(string User, string Host, int Port)
{
    /// <summary>The port of SSH (RFC 4253 §4.1).</summary>
    public const int DefaultPort = 22;

    /// <summary>Reads <c>ssh://user@host</c> or <c>ssh://user@host:port</c>.</summary>
    /// <exception cref="FaultException"><see cref="RemoteHostFault.Address"/>.</exception>
    public static SshAddress Parse(string text)
        => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "ssh" && uri.UserInfo is { Length: > 0 } user && !user.Contains(':', StringComparison.Ordinal)
            && uri.Host.Length > 0 && uri.AbsolutePath is "" or "/"
            ? new SshAddress(Uri.UnescapeDataString(user), uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : DefaultPort)
            : throw Fault.Of(
                RemoteHostFault.Address, FaultKind.Invalid, $"'{text}' is no host to log in to.", "Write ssh://user@host or ssh://user@host:port.").ToException();

    /// <summary>As the file of known hosts writes it.</summary>
    public string KnownName => Port == DefaultPort ? Host : string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}");

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"ssh://{User}@{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
