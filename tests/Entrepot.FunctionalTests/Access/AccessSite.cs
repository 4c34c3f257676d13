using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;
using Entrepot.Server.Http;
using Entrepot.Server.Tls;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;

namespace Entrepot.FunctionalTests.Access;

/// <summary>A whole node, and a token for each role.</summary>
internal sealed class AccessSite : IAsyncDisposable
{
    private readonly Dictionary<string, string> _tokens = [];

    private AccessSite(string folder, Node node) => (Folder, Node) = (folder, node);

    public string Folder { get; }

    public Node Node { get; }

    public HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<AccessSite> StartAsync(Func<Settings, Settings>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("entrepot-access-").FullName;
        var settings = Settings.Default with
        {
            DataFolder = folder,
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Scheduler = Settings.Default.Scheduler with { Port = 0 },
            HeartbeatInterval = TimeSpan.FromSeconds(1),
            Edges = Settings.Default.Edges with { Count = 1 },
        };
        var plan = new NodePlan(NodeRoles.Origin | NodeRoles.Scheduler | NodeRoles.Edge | NodeRoles.Audit, change?.Invoke(settings) ?? settings, PublishRuntime: false);
        return new AccessSite(folder, await Node.StartAsync(plan, TestLog.Factory, TimeProvider.System, Cancellation));
    }

    /// <summary>A token of exactly one role; null for nobody.</summary>
    public async Task<string?> TokenOfAsync(Role role)
    {
        if (role == Role.None)
            return null;
        var word = Roles.WordsOf(role).Single();
        if (!_tokens.TryGetValue(word, out var token))
            _tokens[word] = token = (await MakeAsync(new CreateTokenRequest([word], 3600))).Token!;
        return token;
    }

    public async Task<TokenDocument> MakeAsync(CreateTokenRequest request)
    {
        using var response = await SendAsync(
            "admin", HttpMethod.Post, "/v1/tokens", OperatorToken.Of(Folder), JsonContent.Create(request, ApiJson.Default.CreateTokenRequest));
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancellation));
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.TokenDocument, Cancellation))!;
    }

    /// <summary>A client that shows a certificate of exactly one role, over TLS; for <see cref="Role.None"/> none.</summary>
    public HttpClient ClientOf(Role role, string name = "tester", SslProtocols versions = SslProtocols.None, params string[] mirrors)
    {
        using var key = Certificates.NewKey();
        var identity = new ClientIdentity(Identity.Clients.Network, NodeName.Parse(name), role, [.. mirrors.Select(MirrorName.Parse)]);
        return ShowOf(role == Role.None ? null : Certificates.WithKey(Identity.Authority.IssueClient(new PublicKey(key), identity, TimeSpan.FromHours(1)), key), versions);
    }

    /// <summary>A client over TLS that believes this network.</summary>
    public HttpClient ShowOf(X509Certificate2? certificate, SslProtocols versions = SslProtocols.None)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = versions,
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
            LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(Identity.Trust.Current.Authorities.ToArray());
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>A client that is a node of the network.</summary>
    /// <param name="surface">What it speaks to.</param>
    /// <param name="role">What it is.</param>
    public HttpClient NodeClient(string surface, NodeRole role)
    {
        using var key = Certificates.NewKey();
        var own = new NodeCertificate(new NodeIdentity(Identity.Clients.Network, role, NodeName.Parse("tester")));
        using var certificate = Identity.Authority.Issue(new PublicKey(key), own.Identity);
        own.Replace(Certificates.WithKey(certificate, key), Certificates.WithKey(certificate, key));
        return new HttpClient(NodeHandler.Create(TimeSpan.FromSeconds(10), Identity.Trust, own, surface == "edge" ? NodeRole.Edge : NodeRole.Origin)) { Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>The origin's identity, with its authority.</summary>
    internal OriginIdentity Identity => (OriginIdentity)Node.Identity;

    /// <summary>Address of a surface, by TLS.</summary>
    public string SecureUrl(string surface) => new UriBuilder(Node.Network.Surfaces.First(known => known.Surface == surface).Url) { Scheme = Uri.UriSchemeHttps }.Uri.GetLeftPart(UriPartial.Authority);

    public async Task<HttpResponseMessage> SendAsync(string surface, HttpMethod method, string path, string? token, HttpContent? body = null)
    {
        var url = Node.Network.Surfaces.First(known => known.Surface == surface).Url;
        using var request = new HttpRequestMessage(method, url + path) { Content = body };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    /// <summary>The code of a problem document, or of a registry's error; empty for another answer.</summary>
    public static async Task<string> CodeOfAsync(HttpResponseMessage response)
    {
        if (response.RequestMessage!.RequestUri!.AbsolutePath.StartsWith("/v2/", StringComparison.Ordinal) && (int)response.StatusCode >= 400)
        {
            using var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
            return error.RootElement.GetProperty("errors")[0].GetProperty("detail").GetProperty("code").GetString()!;
        }

        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return "";
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        return problem.RootElement.GetProperty("code").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Node.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
