using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.FunctionalTests.Access;

/// <summary>Mirrors that take a credential to read: at the origin, through the scheduler, and at an edge that holds the bytes.</summary>
public sealed class PrivateMirrorTests : IAsyncLifetime
{
    private const string Secret = "the bytes of a private file", Open = "the bytes of a public file";

    private AccessSite _site = null!;
    private string _reader = null!, _other = null!;
    private Sha256Digest _secret, _open;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Operator => OperatorToken.Of(_site.Folder);

    public async ValueTask InitializeAsync()
    {
        _site = await AccessSite.StartAsync();
        await OrderAsync(HttpMethod.Post, "/v1/mirrors", """{"name":"vault","access":"private"}""");
        await OrderAsync(HttpMethod.Post, "/v1/mirrors", """{"name":"files"}""");
        _secret = await PushAsync("/vault/a/secret.txt", Secret);
        _open = await PushAsync("/files/open.txt", Open);
        _reader = (await _site.MakeAsync(new CreateTokenRequest(["viewer"], 600, "reader", ["vault"]))).Token!;
        _other = (await _site.MakeAsync(new CreateTokenRequest(["viewer"], 600, "other", ["files"]))).Token!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (!(await TextAsync(await GetAsync("metadata", "/v1/nodes", null))).Contains("\"healthy\"", StringComparison.Ordinal))
            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Whoever_knows_only_the_digest_of_a_private_file_can_not_put_it_into_a_mirror_of_its_own()
    {
        var publisher = (await _site.MakeAsync(new CreateTokenRequest(["publisher"], 600, "ci", ["files"]))).Token!;

        (await MissingAsync(publisher)).ShouldBe([_secret]);
        (await MissingAsync(Operator)).ShouldBeEmpty();
        using (var head = await _site.SendAsync("push", HttpMethod.Head, $"/v1/blobs/{_secret}", publisher))
            head.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using (var refused = await PublishAsync(publisher))
            (await AccessSite.CodeOfAsync(refused)).ShouldBe("push/blobs-missing");

        // Whoever has the bytes has them: they are stored once, and nothing is told of where else they are.
        using (var sent = await _site.SendAsync("push", HttpMethod.Put, $"/v1/blobs/{_secret}", publisher, new StringContent(Secret)))
            sent.IsSuccessStatusCode.ShouldBeTrue();
        (await MissingAsync(publisher)).ShouldBeEmpty();
        using var published = await PublishAsync(publisher);
        published.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await TextAsync(await GetAsync("metadata", "/v1/mirrors/files/tree/copied.txt", null))).ShouldContain(_secret.ToString());
    }

    private async Task<IReadOnlyList<Sha256Digest>> MissingAsync(string token)
    {
        using var response = await _site.SendAsync(
            "push", HttpMethod.Post, "/v1/blobs/missing", token, JsonContent.Create(new MissingBlobsRequest([_secret]), ApiJson.Default.MissingBlobsRequest));
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.MissingBlobsDocument, Cancellation))!.Missing;
    }

    private Task<HttpResponseMessage> PublishAsync(string token) => _site.SendAsync(
        "push", HttpMethod.Post, "/v1/mirrors/files/snapshots", token,
        JsonContent.Create(
            new PublishRequest("", false, null, null, [new PublishEntry(ContentPath.Parse("copied.txt"), _secret, DateTimeOffset.UnixEpoch)]), ApiJson.Default.PublishRequest));

    [Fact]
    public async Task Who_may_not_read_it_does_not_learn_that_it_is_there()
    {
        foreach (var token in new[] { null, _other })
        {
            foreach (var path in new[]
            {
                "/v1/mirrors/vault", "/v1/mirrors/vault/snapshots", "/v1/mirrors/vault/snapshots/1", "/v1/mirrors/vault/snapshots/0/diff/1", "/v1/mirrors/vault/listing",
                "/v1/mirrors/vault/tree/", "/v1/mirrors/vault/tree/a/secret.txt?snapshot=1", $"/v1/blobs/{_secret}", $"/v1/blobs/{_secret}/fingerprint",
            })
                (await GetAsync("metadata", path, token)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
            foreach (var path in new[]
            {
                "/vault", "/vault/", "/vault/a/", "/vault/a/secret.txt", "/vault/a/secret.txt.meta4", "/vault/a/secret.txt.sha256", "/vault/a/secret.txt?explain", "/vault/a/secret.txt?mirrorlist",
                $"/files/open.txt?digest={_secret}",
            })
                (await GetAsync("scheduler", path, token)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
            (await TextAsync(await GetAsync("metadata", "/v1/mirrors", token))).ShouldNotContain("vault");
            (await TextAsync(await GetAsync("scheduler", "/?format=json", token))).ShouldNotContain("vault");
        }

        // Word for word what is said of a mirror that is not there.
        var hidden = await TextAsync(await GetAsync("metadata", "/v1/mirrors/vault", null));
        hidden.ShouldBe((await TextAsync(await GetAsync("metadata", "/v1/mirrors/nothing", null))).Replace("nothing", "vault", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_may_read_it_reads_it_everywhere()
    {
        foreach (var token in new[] { _reader, Operator })
        {
            (await TextAsync(await GetAsync("metadata", "/v1/mirrors", token))).ShouldContain("\"access\":\"private\"");
            (await TextAsync(await GetAsync("metadata", $"/v1/blobs/{_secret}", token))).ShouldBe(Secret);
            (await TextAsync(await GetAsync("scheduler", "/vault/a/", token))).ShouldContain("secret.txt");
            var redirect = await GetAsync("scheduler", "/vault/a/secret.txt", token);
            redirect.StatusCode.ShouldBe(HttpStatusCode.TemporaryRedirect);
            redirect.Headers.CacheControl!.NoStore.ShouldBeTrue();
            var answer = await GetAsync(redirect.Headers.Location!.ToString());
            (await TextAsync(answer)).ShouldBe(Secret);
            answer.Headers.CacheControl!.Private.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task An_edge_that_holds_it_gives_it_for_a_signed_address_only()
    {
        var signed = (await GetAsync("scheduler", "/vault/a/secret.txt", _reader)).Headers.Location!.ToString();
        (await TextAsync(await GetAsync(signed))).ShouldBe(Secret);
        var edge = _site.Node.Network.Surfaces.First(static surface => surface.Surface == "edge").Url;
        var query = signed[(signed.IndexOf("&expires", StringComparison.Ordinal) + 1)..];

        foreach (var path in new[]
        {
            "/vault/a/secret.txt", $"/vault/a/secret.txt?digest={_secret}", $"/v1/blobs/{_secret}", $"/files/open.txt?digest={_secret}",
            // A signature is for its own path and digest.
            $"/v1/blobs/{_secret}?{query}", $"/files/open.txt?digest={_secret}&{query}", $"/vault/a/other.txt?digest={_secret}&{query}", $"/vault/a/secret.txt?{query}",
            signed[edge.Length..].Replace("expires=", "expires=1", StringComparison.Ordinal), signed[edge.Length..^1], signed[edge.Length..] + "&signature=x",
        })
        {
            foreach (var range in new[] { false, true })
            {
                var answer = await GetAsync(edge + path, range: range);
                answer.StatusCode.ShouldBeOneOf([HttpStatusCode.Forbidden, HttpStatusCode.NotFound], path);
                (await TextAsync(answer)).ShouldNotContain(Secret[..5]);
                (await GetAsync(edge + path, onlyIfCached: true)).StatusCode.ShouldBeOneOf([HttpStatusCode.Forbidden, HttpStatusCode.NotFound], path);
                // No token opens it here.
                (await GetAsync(edge + path, token: _reader)).StatusCode.ShouldBeOneOf([HttpStatusCode.Forbidden, HttpStatusCode.NotFound], path);
            }
        }
    }

    [Fact]
    public async Task Public_files_are_everybodys_as_before()
    {
        var redirect = (await GetAsync("scheduler", "/files/open.txt", null)).Headers.Location!.ToString();
        redirect.ShouldNotContain("signature");
        (await TextAsync(await GetAsync(redirect))).ShouldBe(Open);
        var edge = _site.Node.Network.Surfaces.First(static surface => surface.Surface == "edge").Url;
        (await TextAsync(await GetAsync($"{edge}/files/open.txt"))).ShouldBe(Open);
        (await TextAsync(await GetAsync("metadata", $"/v1/blobs/{_open}", null))).ShouldBe(Open);
    }

    [Fact]
    public async Task A_mirror_that_becomes_private_is_so_at_the_edges_that_hold_it()
    {
        var edge = _site.Node.Network.Surfaces.First(static surface => surface.Surface == "edge").Url;
        (await TextAsync(await GetAsync($"{edge}/files/open.txt"))).ShouldBe(Open);
        await OrderAsync(HttpMethod.Patch, "/v1/mirrors/files", """{"access":"private"}""");

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(10));
        while ((await GetAsync($"{edge}/files/open.txt")).IsSuccessStatusCode)
            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
        (await GetAsync($"{edge}/files/open.txt?digest={_open}")).StatusCode.ShouldBeOneOf(HttpStatusCode.Forbidden, HttpStatusCode.NotFound);
        (await GetAsync("metadata", $"/v1/blobs/{_open}", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        await OrderAsync(HttpMethod.Patch, "/v1/mirrors/files", """{"access":"public"}""");
        while (!(await GetAsync($"{edge}/files/open.txt")).IsSuccessStatusCode)
            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
    }

    [Fact]
    public async Task What_a_deleted_private_mirror_held_stays_closed()
    {
        await OrderAsync(HttpMethod.Delete, "/v1/mirrors/vault", null);
        (await GetAsync("metadata", $"/v1/blobs/{_secret}", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await GetAsync("scheduler", $"/files/open.txt?digest={_secret}", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Pull_brings_private_files_from_the_edges()
    {
        var credential = new ClientCredential();
        using var http = ClientHandler.Create(credential, new ClientTrust());
        var client = new EntrepotClient(http, _site.Node.Network);
        credential.Use(TokenSource.OfText(_reader, "test"), [client.UrlOf("metadata")]);
        var puller = new TreePuller(client, 2, TimeProvider.System);
        var (files, _, _) = await puller.FindAsync(PushTarget.Parse("vault/a/secret.txt"), null, Cancellation);
        var place = Path.Combine(_site.Folder, "pulled.txt");

        var told = new Silent();
        var pulled = (await puller.PullAsync([new PullItem(files[0], place)], told, Cancellation)).ShouldHaveSingleItem();

        (await File.ReadAllTextAsync(place, Cancellation)).ShouldBe(Secret);
        pulled.Digest.ShouldBe(_secret);
        told.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_address_on_a_list_is_no_proof_and_gets_no_key()
    {
        var beat = new HeartbeatRequest("thief", "local", "http://127.0.0.1:1", "1", "taken", 0, 0, 0, 0, 0, 0, false);
        using var body = JsonContent.Create(beat, ApiJson.Default.HeartbeatRequest);
        using var response = await _site.SendAsync("admin", HttpMethod.Post, "/v1/nodes/thief/heartbeat", null, body);
        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await AccessSite.CodeOfAsync(response)).ShouldBe("access/anonymous");
    }

    private static async Task<string> TextAsync(HttpResponseMessage response)
    {
        using (response)
            return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private Task<HttpResponseMessage> GetAsync(string surface, string path, string? token) => _site.SendAsync(surface, HttpMethod.Get, path, token);

    private async Task<HttpResponseMessage> GetAsync(string url, string? token = null, bool range = false, bool onlyIfCached = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (range)
            request.Headers.Range = new RangeHeaderValue(0, 4);
        if (onlyIfCached)
            request.Headers.CacheControl = new CacheControlHeaderValue { OnlyIfCached = true };
        return await _site.Http.SendAsync(request, Cancellation);
    }

    private async Task OrderAsync(HttpMethod method, string path, string? json)
    {
        using var body = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _site.SendAsync("admin", method, path, Operator, body);
        response.IsSuccessStatusCode.ShouldBeTrue(await response.Content.ReadAsStringAsync(Cancellation));
    }

    private async Task<Sha256Digest> PushAsync(string path, string text)
    {
        using var body = new StringContent(text);
        using var response = await _site.SendAsync("push", HttpMethod.Put, path, Operator, body);
        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.PushResult, Cancellation))!.Digest;
    }

    private sealed class Silent : IPullObserver
    {
        public List<string> Lines { get; } = [];

        public void Begin(int files, long bytes)
        {
        }

        public void Report(ContentPath file, Entrepot.Mirror.Replication.PullProgress progress)
        {
        }

        public void Complete(PulledFile file)
        {
        }

        public void Tell(string text) => Lines.Add(text);
    }
}
