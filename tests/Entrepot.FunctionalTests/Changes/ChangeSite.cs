using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Entrepot.FunctionalTests.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Accounts;
using Entrepot.Trust.Changes;

namespace Entrepot.FunctionalTests.Changes;

/// <summary>An origin whose documents need approval, people with second factors, and a clock that can be put forward.</summary>
internal sealed class ChangeSite : IAsyncDisposable
{
    public const string Portfile = "services:\n  - {name: web, port: 8443, allow: [{cidr: 10.0.0.0/8}], owner: web team, purpose: pages}\n";

    private const string Password = "orange bicycle thunder";

    private readonly Dictionary<string, (byte[] Key, Queue<string> Recovery)> _people = [];
    private readonly AheadTime _time = new();
    private readonly Settings _settings;
    private Node _node = null!;

    private ChangeSite(string folder, Settings settings) => (Folder, _settings) = (folder, settings);

    public string Folder { get; }

    public string PortfilePath => Path.Combine(Folder, "portfile.yaml");

    private HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts it with jane the operator, who may approve as well, and raj and mia the approvers.</summary>
    public static async Task<ChangeSite> StartAsync(params ChangedDocument[] require)
    {
        var folder = Directory.CreateTempSubdirectory("entrepot-change-").FullName;
        var site = new ChangeSite(folder, Settings.Default with
        {
            DataFolder = Path.Combine(folder, "data"),
            Portfile = Path.Combine(folder, "portfile.yaml"),
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Changes = new ChangeSettings { Require = [.. require] },
        });
        await File.WriteAllTextAsync(site.PortfilePath, Portfile, Cancellation);
        await site.BootAsync();
        await site.JoinAsync("jane", "operator", "approver");
        await site.JoinAsync("raj", "approver");
        await site.JoinAsync("mia", "approver");
        return site;
    }

    public async Task BootAsync() => _node = await Node.StartAsync(new NodePlan(NodeRoles.Origin, _settings, PublishRuntime: false), TestLog.Factory, _time, Cancellation);

    public async Task StopAsync() => await _node.DisposeAsync();

    public void PutForward(TimeSpan by) => _time.Ahead += by;

    /// <summary>A session of somebody. Recovery codes open it, so that the codes of the app are left for approving.</summary>
    public async Task<string> SignInAsync(string name)
    {
        using var response = await SendAsync("metadata", HttpMethod.Post, "/v1/session", null, JsonContent.Create(new SignInRequest(name, Password, _people[name].Recovery.Dequeue()), ApiJson.Default.SignInRequest));
        return (await ReadAsync(response, ApiJson.Default.SessionDocument)).Session!;
    }

    /// <summary>A code of somebody's app that was not used before; the clock is put forward for it.</summary>
    public string Code(string name)
    {
        _time.Ahead += TimeSpan.FromSeconds(SecondFactor.StepSeconds);
        return LastCode(name);
    }

    public string LastCode(string name) => SecondFactor.CodeOf(_people[name].Key, _time.GetUtcNow());

    public string Operator() => OperatorToken.Of(_settings.DataFolder);

    public async Task<string> TokenAsync(string by, params string[] roles)
    {
        using var made = await SendAsync("admin", HttpMethod.Post, "/v1/tokens", by, JsonContent.Create(new CreateTokenRequest(roles, 3600, Name: $"t{Guid.NewGuid():n}"[..12]), ApiJson.Default.CreateTokenRequest));
        return (await ReadAsync(made, ApiJson.Default.TokenDocument)).Token!;
    }

    public async Task PromoteAsync(string name, params string[] roles)
    {
        using var changed = await SendAsync("admin", HttpMethod.Patch, $"/v1/users/{name}", Operator(), JsonContent.Create(new UpdateUserRequest(roles), ApiJson.Default.UpdateUserRequest));
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    public Task<HttpResponseMessage> ProposeAsync(string by, string document, string text, bool dryRun = false)
        => SendAsync("admin", HttpMethod.Post, "/v1/changes", by, JsonContent.Create(new ProposeChangeRequest(document, Encoding.UTF8.GetBytes(text), "because", "f.yaml", dryRun), ApiJson.Default.ProposeChangeRequest));

    public async Task<long> ProposedAsync(string by, string document, string text)
    {
        using var response = await ProposeAsync(by, document, text);
        return (await ReadAsync(response, ApiJson.Default.ChangeDocument)).Id;
    }

    public Task<HttpResponseMessage> ApproveAsync(string by, long id, string code, string verb = "approve")
        => SendAsync("admin", HttpMethod.Post, $"/v1/changes/{id}/{verb}", by, JsonContent.Create(new ProveChangeRequest(code), ApiJson.Default.ProveChangeRequest));

    public Task<HttpResponseMessage> RejectAsync(string by, long id)
        => SendAsync("admin", HttpMethod.Post, $"/v1/changes/{id}/reject", by, JsonContent.Create(new RejectChangeRequest("no"), ApiJson.Default.RejectChangeRequest));

    public Task<HttpResponseMessage> ApplyAsync(string by, long id, string? glass = null)
        => SendAsync("admin", HttpMethod.Post, $"/v1/changes/{id}/apply", by, JsonContent.Create(new ApplyChangeRequest(glass), ApiJson.Default.ApplyChangeRequest));

    public async Task<ChangeDocument> ShowAsync(string by, long id)
    {
        using var response = await SendAsync("admin", HttpMethod.Get, $"/v1/changes/{id}", by);
        return await ReadAsync(response, ApiJson.Default.ChangeDocument);
    }

    public async Task<ChangeListDocument> ListAsync(string by)
    {
        using var response = await SendAsync("admin", HttpMethod.Get, "/v1/changes", by);
        return await ReadAsync(response, ApiJson.Default.ChangeListDocument);
    }

    public async Task<string> CurrentAsync(string by, string document)
    {
        using var response = await SendAsync("admin", HttpMethod.Get, $"/v1/documents/{document}", by);
        return Encoding.UTF8.GetString((await ReadAsync(response, ApiJson.Default.CurrentDocument)).Bytes);
    }

    /// <summary>The actions of the journal that begin so, with how they ended, oldest first.</summary>
    public async Task<IReadOnlyList<string>> JournalAsync(string action)
    {
        using var response = await SendAsync("metadata", HttpMethod.Get, $"/v1/journal?action={action}", Operator());
        return [.. (await ReadAsync(response, ApiJson.Default.IReadOnlyListJournalEntryDocument)).Select(static entry => $"{entry.Action} {entry.Result}".ToLowerInvariant())];
    }

    public async Task<HttpResponseMessage> SendAsync(string surface, HttpMethod method, string path, string? token, HttpContent? body = null)
    {
        var url = _node.Network.Surfaces.First(known => known.Surface == surface).Url;
        using var request = new HttpRequestMessage(method, url + path) { Content = body };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Http.SendAsync(request, Cancellation);
    }

    /// <summary>The code of a refusal, "" for an answer that is none.</summary>
    public static async Task<string> CodeOfAsync(Task<HttpResponseMessage> sent)
    {
        using var response = await sent;
        return response.IsSuccessStatusCode ? "" : await AccessSite.CodeOfAsync(response);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _node.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task JoinAsync(string name, params string[] roles)
    {
        var key = Encoding.ASCII.GetBytes(name.PadRight(SecondFactor.KeyBytes, '.'));
        using var made = await SendAsync("admin", HttpMethod.Post, "/v1/users", Operator(), JsonContent.Create(new InviteUserRequest(name, roles), ApiJson.Default.InviteUserRequest));
        var invitation = (await ReadAsync(made, ApiJson.Default.InvitationDocument)).Invitation;
        using var accepted = await SendAsync(
            "metadata", HttpMethod.Post, "/v1/invitations", null,
            JsonContent.Create(new AcceptInvitationRequest(invitation, Password, key, SecondFactor.CodeOf(key, _time.GetUtcNow())), ApiJson.Default.AcceptInvitationRequest));
        _people[name] = (key, new Queue<string>((await ReadAsync(accepted, ApiJson.Default.AcceptedDocument)).RecoveryCodes));
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type)
    {
        response.IsSuccessStatusCode.ShouldBeTrue(await response.Content.ReadAsStringAsync(Cancellation));
        return (await response.Content.ReadFromJsonAsync(type, Cancellation))!;
    }

    /// <summary>The real clock, some time ahead.</summary>
    private sealed class AheadTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
