using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;
using Entrepot.Trust.Access;
using Entrepot.Trust.OpenIdConnect;

namespace Entrepot.Server.Configuration;

/// <summary>The OpenID Connect provider through which people sign in, beside the accounts that are kept here.</summary>
public sealed record OpenIdConnectSettings
{
    /// <summary>The provider's identifier, an https URL, or http on this machine, as the provider writes it; null (the default) for no provider.</summary>
    public string? Issuer { get; init; }

    /// <summary>What this network is called at the provider; null (the default) while there is no provider.</summary>
    public string? ClientId { get; init; }

    /// <summary>File with the client's secret, mode 0600; null (the default) for a client without one, which PKCE alone protects.</summary>
    public string? ClientSecretFile { get; init; }

    /// <summary>Base URL by which browsers reach the metadata surface; null (the default) for its own. The provider sends people back to it.</summary>
    public Uri? Address { get; init; }

    /// <summary>What is asked for, with <c>openid</c> among it, at most 16. Default openid and profile.</summary>
    public ImmutableArray<string> Scopes { get; init; } = ["openid", "profile"];

    /// <summary>The claim that people are named by. Default <c>preferred_username</c> (OpenID Connect Core §5.1).</summary>
    public string NameClaim { get; init; } = "preferred_username";

    /// <summary>The claim that roles follow from. Default <c>groups</c>, as most providers call it.</summary>
    public string RoleClaim { get; init; } = "groups";

    /// <summary>Which value of that claim gives which roles. Default none: then nobody comes in.</summary>
    public ImmutableSortedDictionary<string, Role> Roles { get; init; } = ImmutableSortedDictionary.Create<string, Role>(StringComparer.Ordinal);

    /// <summary>How people call the provider, 1–60 characters. Default <c>your organisation</c>.</summary>
    public string Label { get; init; } = "your organisation";

    /// <summary>By how much the provider's clock and this one may differ, 0–5 min. Default 60 s, as for this network's own tokens.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What comes of that, with the secret; null when there is no provider.</summary>
    /// <exception cref="FaultException">The secret's file is missing, exposed or empty.</exception>
    public ProviderOptions? Resolve()
    {
        if (Issuer is null)
            return null;
        string? secret = null;
        if (ClientSecretFile is { } file)
        {
            var bytes = SecretFile.Read(file) ?? throw Fault.Of(
                SettingsFault.Unreadable, FaultKind.Invalid, $"There is no file '{file}', which openIdConnect.clientSecretFile names.", "Put the client's secret there, mode 0600.").ToException();
            secret = System.Text.Encoding.UTF8.GetString(bytes).Trim();
            if (secret.Length == 0)
                throw SecretFile.Malformed(file, "it is empty");
        }

        return new ProviderOptions(Issuer, ClientId!, Roles)
        {
            ClientSecret = secret, Scopes = Scopes, NameClaim = NameClaim, RoleClaim = RoleClaim, ClockSkew = ClockSkew, Label = Label,
        };
    }
}
