using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Access;

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
        var plan = new NodePlan(NodeRoles.Origin | NodeRoles.Scheduler | NodeRoles.Edge, change?.Invoke(settings) ?? settings, PublishRuntime: false);
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

    public async Task<HttpResponseMessage> SendAsync(string surface, HttpMethod method, string path, string? token, HttpContent? body = null)
    {
        var url = Node.Network.Surfaces.First(known => known.Surface == surface).Url;
        using var request = new HttpRequestMessage(method, url + path) { Content = body };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    /// <summary>The code of a problem document; empty for another answer.</summary>
    public static async Task<string> CodeOfAsync(HttpResponseMessage response)
    {
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
