using System.Collections.Immutable;
using System.Net.Http.Json;
using Entrepot.FunctionalTests.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Trust.Access;

namespace Entrepot.FunctionalTests.OpenIdConnect;

/// <summary>A whole node, and a provider that it knows.</summary>
internal sealed class ProviderSite : IAsyncDisposable
{
    private readonly string _secrets;

    private ProviderSite(string secrets, FakeProvider provider, AccessSite node) => (_secrets, Provider, Node) = (secrets, provider, node);

    public FakeProvider Provider { get; }

    public AccessSite Node { get; }

    public string Metadata => Node.Node.Network.Surfaces.First(static surface => surface.Surface == "metadata").Url;

    public string Start => $"{Metadata}/v1/session/oidc";

    public static async Task<ProviderSite> StartAsync(Func<OpenIdConnectSettings, OpenIdConnectSettings>? change = null)
    {
        var provider = await FakeProvider.StartAsync();
        var secrets = Directory.CreateTempSubdirectory("entrepot-oidc-").FullName;
        var file = Path.Combine(secrets, "client.secret");
        Entrepot.Core.Secrets.SecretFile.Write(file, System.Text.Encoding.UTF8.GetBytes(FakeProvider.Secret + "\n"));
        var settings = new OpenIdConnectSettings
        {
            Issuer = provider.Issuer, ClientId = FakeProvider.ClientId, ClientSecretFile = file, Label = "Example Org",
            Roles = new Dictionary<string, Role> { ["staff"] = Role.Viewer | Role.Auditor, ["mirror-admins"] = Role.Admin }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        return new ProviderSite(secrets, provider, await AccessSite.StartAsync(node => node with { OpenIdConnect = change?.Invoke(settings) ?? settings }));
    }

    /// <summary>Signs somebody in, who the provider says it is.</summary>
    public async Task<Answer> SignInAsync(Visitor visitor) => (await visitor.FollowAsync(Start)).End;

    /// <summary>What the journal has of sign-ins, the oldest first.</summary>
    public async Task<IReadOnlyList<JournalEntryDocument>> SignInsAsync()
    {
        using var response = await Node.SendAsync("metadata", HttpMethod.Get, "/v1/journal?after=0&count=1000&action=user.sign-in", OperatorToken.Of(Node.Folder));
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.IReadOnlyListJournalEntryDocument, TestContext.Current.CancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Provider.DisposeAsync();
        Directory.Delete(_secrets, recursive: true);
    }
}
