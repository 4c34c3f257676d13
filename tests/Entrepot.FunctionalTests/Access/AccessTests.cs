using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Access;

namespace Entrepot.FunctionalTests.Access;

/// <summary>Credentials at real surfaces.</summary>
public sealed class AccessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refusals_say_what_is_missing()
    {
        await using var site = await AccessSite.StartAsync();

        using var anonymous = await site.SendAsync("push", HttpMethod.Put, "/images/a", null, Text("a"));
        (anonymous.StatusCode, await AccessSite.CodeOfAsync(anonymous)).ShouldBe((HttpStatusCode.Unauthorized, "access/anonymous"));
        anonymous.Headers.WwwAuthenticate.Single().ToString().ShouldMatch("^Bearer realm=\"[0-9a-f]{32}\"$");

        using var viewer = await site.SendAsync("push", HttpMethod.Put, "/images/a", await site.TokenOfAsync(Role.Viewer), Text("a"));
        (viewer.StatusCode, await AccessSite.CodeOfAsync(viewer)).ShouldBe((HttpStatusCode.Forbidden, "access/forbidden"));
        viewer.Headers.WwwAuthenticate.Single().ToString().ShouldContain("error=\"insufficient_scope\", scope=\"publisher\"");

        using var nonsense = await site.SendAsync("push", HttpMethod.Put, "/images/a", "nonsense", Text("a"));
        (nonsense.StatusCode, await AccessSite.CodeOfAsync(nonsense)).ShouldBe((HttpStatusCode.Unauthorized, "token/malformed"));
        nonsense.Headers.WwwAuthenticate.Single().ToString().ShouldContain("error=\"invalid_token\"");
    }

    [Fact]
    public async Task A_token_pushes_to_its_own_mirrors_only()
    {
        await using var site = await AccessSite.StartAsync();
        await CreateAsync(site, "images");
        await CreateAsync(site, "tools");
        var token = await site.MakeAsync(new CreateTokenRequest(["publisher"], 600, "ci", ["images"]));

        using var own = await site.SendAsync("push", HttpMethod.Put, "/images/a.txt", token.Token, Text("a"));
        own.StatusCode.ShouldBe(HttpStatusCode.Created);
        foreach (var (method, path) in new[] { (HttpMethod.Put, "/tools/a.txt"), (HttpMethod.Delete, "/tools/a.txt"), (HttpMethod.Put, "/t%6fols/a.txt") })
        {
            using var other = await site.SendAsync("push", method, path, token.Token, method == HttpMethod.Put ? Text("a") : null);
            (other.StatusCode, await AccessSite.CodeOfAsync(other)).ShouldBe((HttpStatusCode.Forbidden, "access/mirror"), path);
        }

        using var publish = await site.SendAsync("push", HttpMethod.Post, "/v1/mirrors/tools/snapshots", token.Token, Json("""{"entries":[]}"""));
        (await AccessSite.CodeOfAsync(publish)).ShouldBe("access/mirror");

        var entry = (await JournalAsync(site)).Last(static entry => entry.Action == "snapshot.publish");
        (entry.Who, entry.From, entry.Subject).ShouldBe(("token:ci", "127.0.0.1", "images#1"));
    }

    [Fact]
    public async Task An_upload_goes_on_with_a_token_for_its_mirror_only()
    {
        await using var site = await AccessSite.StartAsync();
        await CreateAsync(site, "images");
        var (own, other) = (await site.MakeAsync(new CreateTokenRequest(["publisher"], 600, "own", ["images"])), await site.MakeAsync(new CreateTokenRequest(["publisher"], 600, "other", ["tools"])));
        using var content = Text("");
        content.Headers.Add("Upload-Complete", "?0");
        using var created = await site.SendAsync("push", HttpMethod.Put, "/images/a.txt", own.Token, content);
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        var upload = created.Headers.Location!.ToString();

        foreach (var method in new[] { HttpMethod.Head, HttpMethod.Delete })
        {
            using var refused = await site.SendAsync("push", method, upload, other.Token);
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        using var known = await site.SendAsync("push", HttpMethod.Head, upload, own.Token);
        known.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task The_admin_surface_needs_an_allowed_address_and_a_token()
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with { Admin = settings.Admin with { Allow = [IPNetwork.Parse("10.0.0.0/8")] } });

        using var response = await site.SendAsync("admin", HttpMethod.Get, "/v1/tokens", OperatorToken.Of(site.Folder));
        (response.StatusCode, await AccessSite.CodeOfAsync(response)).ShouldBe((HttpStatusCode.Forbidden, "http/address"));
    }

    [Fact]
    public async Task A_revoked_token_and_one_of_a_dropped_key_open_nothing()
    {
        await using var site = await AccessSite.StartAsync();
        var first = await site.MakeAsync(new CreateTokenRequest(["auditor"], 600, "first"));
        var second = await site.MakeAsync(new CreateTokenRequest(["auditor"], 600, "second"));
        using (var good = await site.SendAsync("metadata", HttpMethod.Get, "/v1/journal", first.Token))
            good.StatusCode.ShouldBe(HttpStatusCode.OK);

        using (var revoked = await site.SendAsync("admin", HttpMethod.Delete, "/v1/tokens/first", OperatorToken.Of(site.Folder)))
            revoked.StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var refused = await site.SendAsync("metadata", HttpMethod.Get, "/v1/journal", first.Token))
            (await AccessSite.CodeOfAsync(refused)).ShouldBe("token/revoked");

        var old = OperatorToken.Of(site.Folder);
        using (var rotated = await site.SendAsync("admin", HttpMethod.Post, "/v1/tokens/keys", old, Json("""{"overlapSeconds":0}""")))
            rotated.StatusCode.ShouldBe(HttpStatusCode.Created);
        foreach (var token in new[] { second.Token, old })
        {
            using var refused = await site.SendAsync("metadata", HttpMethod.Get, "/v1/journal", token);
            (await AccessSite.CodeOfAsync(refused)).ShouldBe("token/unknown-key");
        }

        // The node's own machine goes on: its credential was written anew.
        using var operated = await site.SendAsync("admin", HttpMethod.Get, "/v1/tokens", OperatorToken.Of(site.Folder));
        operated.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var keys = JsonDocument.Parse(await (await site.SendAsync("metadata", HttpMethod.Get, "/.well-known/jwks.json", null)).Content.ReadAsStringAsync(Cancellation));
        keys.RootElement.GetProperty("keys").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Who_guesses_is_slowed_down_and_written_down_once_and_hurts_nobody_else()
    {
        await using var site = await AccessSite.StartAsync();
        var statuses = new List<HttpStatusCode>();
        HttpResponseMessage? last = null;
        for (var i = 0; i < 40; i++)
        {
            last?.Dispose();
            last = await site.SendAsync("admin", HttpMethod.Get, "/v1/tokens", $"guess{i}");
            statuses.Add(last.StatusCode);
        }

        statuses.Take(20).ShouldAllBe(static status => status == HttpStatusCode.Unauthorized);
        statuses[^1].ShouldBe(HttpStatusCode.TooManyRequests);
        last!.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        (await AccessSite.CodeOfAsync(last)).ShouldBe("access/too-many-failures");
        last.Dispose();
        using var good = await site.SendAsync("admin", HttpMethod.Get, "/v1/tokens", OperatorToken.Of(site.Folder));
        good.StatusCode.ShouldBe(HttpStatusCode.OK);
        // Written beside the answer.
        IReadOnlyList<JournalEntryDocument> journal;
        do
            journal = [.. (await JournalAsync(site)).Where(static entry => entry.Action == "access.refuse")];
        while (journal.Count == 0);
        var told = journal.ShouldHaveSingleItem();
        (told.Who, told.From).ShouldBe(("anonymous", "127.0.0.1"));
        told.Details.GetProperty("reason").GetString().ShouldBe("token/malformed");
    }

    [Fact]
    public async Task Reading_can_need_a_credential()
    {
        await using var site = await AccessSite.StartAsync(static settings => settings with { PublicMetadata = false });

        foreach (var path in new[] { "/v1/mirrors", "/v1/network", "/v1/ports" })
        {
            using var nobody = await site.SendAsync("metadata", HttpMethod.Get, path, null);
            nobody.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, path);
            using var viewer = await site.SendAsync("metadata", HttpMethod.Get, path, await site.TokenOfAsync(Role.Viewer));
            viewer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        }

        using var health = await site.SendAsync("metadata", HttpMethod.Get, "/healthz", null);
        health.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_nodes_own_credential_is_its_owners_alone_and_goes_with_the_node()
    {
        string file;
        await using (var site = await AccessSite.StartAsync())
        {
            file = DataFolder.OperatorTokenFile(site.Folder);
            if (!OperatingSystem.IsWindows())
                File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            (await JournalAsync(site)).ShouldNotContain(static entry => entry.Details.ToString().Contains("eyJ", StringComparison.Ordinal));
        }

        File.Exists(file).ShouldBeFalse();
    }

    [Fact]
    public async Task A_client_shows_its_token_to_the_surfaces_and_never_to_an_edge()
    {
        await using var site = await AccessSite.StartAsync();
        var credential = new ClientCredential();
        using var http = ClientHandler.Create(credential, new ClientTrust());
        var client = new EntrepotClient(http, site.Node.Network);
        credential.Use(TokenSource.OfNode(DataFolder.OperatorTokenFile(site.Folder)), [client.UrlOf("admin"), client.UrlOf("push"), client.UrlOf("metadata")]);

        await client.CreateMirrorAsync(new CreateMirrorRequest("files"), Cancellation);
        (await client.ListTokensAsync(Cancellation)).ShouldBeEmpty();
        (await client.ReadJournalAsync(new JournalQuery(null, 10) { Action = "mirror." }, Cancellation)).ShouldHaveSingleItem().Who.ShouldBe("operator");
        await client.GetMirrorAsync(MirrorName.Parse("files"), Cancellation);

        credential.Use(TokenSource.OfText("abc", "test"), [client.UrlOf("metadata")]);
        // A bad token would be refused; the edge is not shown any.
        using var response = await http.GetAsync(client.UrlOf("edge") + "/healthz", Cancellation);
        response.RequestMessage!.Headers.Authorization.ShouldBeNull();
    }

    private static StringContent Text(string text) => new(text);

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task CreateAsync(AccessSite site, string mirror)
    {
        using var response = await site.SendAsync(
            "admin", HttpMethod.Post, "/v1/mirrors", OperatorToken.Of(site.Folder), JsonContent.Create(new CreateMirrorRequest(mirror), ApiJson.Default.CreateMirrorRequest));
        response.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    private static async Task<IReadOnlyList<JournalEntryDocument>> JournalAsync(AccessSite site)
    {
        using var response = await site.SendAsync("metadata", HttpMethod.Get, "/v1/journal?after=0&count=1000", OperatorToken.Of(site.Folder));
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.IReadOnlyListJournalEntryDocument, Cancellation))!;
    }
}
