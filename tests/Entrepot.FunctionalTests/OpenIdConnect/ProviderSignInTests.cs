using System.Net;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.FunctionalTests.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using System.Net.Http.Json;

namespace Entrepot.FunctionalTests.OpenIdConnect;

/// <summary>Signing in through a provider that does as it should.</summary>
public sealed class ProviderSignInTests : IAsyncLifetime
{
    private readonly Visitor _jane = new();
    private ProviderSite _site = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Session => $"{_site.Metadata}/v1/session";

    public async ValueTask InitializeAsync() => _site = await ProviderSite.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _jane.Dispose();
        await _site.DisposeAsync();
    }

    [Fact]
    public async Task A_browser_is_signed_in_and_out()
    {
        var (welcome, way) = await _jane.FollowAsync(_site.Start);

        welcome.Status.ShouldBe(HttpStatusCode.OK, welcome.Text);
        welcome.Text.ShouldContain("Signed in as <code>oidc:jane</code>");
        welcome.Text.ShouldContain("viewer, auditor");
        way.Count.ShouldBe(3, "here, the provider, here");
        var kept = welcome.Cookies.Single(static cookie => cookie.StartsWith("entrepot-session=es1.", StringComparison.Ordinal)).ToLowerInvariant();
        kept.ShouldContain("httponly");
        kept.ShouldContain("samesite=strict");
        kept.ShouldContain("path=/");
        kept.ShouldNotContain("domain=");
        (await WhoAsync()).ShouldBe("oidc:jane auditor viewer");
        // As what it may be: the journal is for auditors, and admins alone see accounts, which no cookie opens at all.
        (await _jane.GetAsync($"{_site.Metadata}/v1/journal")).Status.ShouldBe(HttpStatusCode.OK);
        var entry = (await _site.SignInsAsync()).ShouldHaveSingleItem();
        (entry.Who, entry.Result, entry.Subject).ShouldBe(("oidc:jane", JournalResult.Done, "oidc:jane"));
        entry.After!.Value.GetProperty("roles").EnumerateArray().Select(static role => role.GetString()).ShouldBe(["viewer", "auditor"]);
        entry.Details.GetProperty("person").GetString().ShouldBe("oidc:sub:248289761001");

        (await _jane.SendAsync(HttpMethod.Post, $"{Session}/sign-out", _site.Metadata, null)).Text.ShouldContain("Nobody is signed in");
        (await WhoAsync()).ShouldBe(" ");
    }

    [Fact]
    public async Task Over_TLS_the_cookies_are_this_hosts_and_go_over_TLS_alone()
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Issuer.Length > 0;  // who answers is not what is asked here
        using var http = new HttpClient(handler);
        var secure = _site.Start.Replace("http://", "https://", StringComparison.Ordinal);
        using var begun = await http.GetAsync($"{secure}?here", Cancellation);
        var browser = begun.Headers.GetValues("Set-Cookie").Single();
        browser.ShouldStartWith("__Host-entrepot-sign-in=");
        browser.ShouldContain("; secure; samesite=lax; httponly");
        var back = (await _jane.GetAsync(begun.Headers.Location!.AbsoluteUri)).Location!;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{secure}/callback{back.Query}");
        request.Headers.Add("Cookie", browser.Split(';')[0]);
        using var welcome = await http.SendAsync(request, Cancellation);
        var session = welcome.Headers.GetValues("Set-Cookie").Single(static cookie => cookie.StartsWith("__Host-entrepot-session=", StringComparison.Ordinal));
        session.ShouldContain("; path=/; secure; samesite=strict; httponly");

        foreach (var (address, name) in new[] { (secure, "oidc:jane"), (_site.Start, "") })
        {
            using var ask = new HttpRequestMessage(HttpMethod.Get, address[..^"/oidc".Length]);
            ask.Headers.Add("Cookie", session.Split(';')[0]);
            using var answer = await http.SendAsync(ask, Cancellation);
            (await answer.Content.ReadFromJsonAsync(ApiJson.Default.SessionDocument, Cancellation))!.Name.ShouldBe(name, address);
        }
    }

    [Fact]
    public async Task A_node_whose_clients_secret_others_may_read_does_not_start()
    {
        var exposed = Path.Combine(_site.Node.Folder, "exposed");
        await File.WriteAllTextAsync(exposed, "secret", Cancellation);
        var settings = new Entrepot.Server.Configuration.OpenIdConnectSettings { Issuer = _site.Provider.Issuer, ClientId = "entrepot", ClientSecretFile = exposed };
        if (!OperatingSystem.IsWindows())
            Should.Throw<FaultException>(settings.Resolve).Fault.Code.ShouldBe("secret/exposed");
        Should.Throw<FaultException>((settings with { ClientSecretFile = exposed + ".gone" }).Resolve).Fault.Code.ShouldBe("settings/unreadable");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("https://evil.example")]
    [InlineData("http://127.0.0.1:1")]
    public async Task A_browser_does_not_change_anything_for_another_sites_page(string? origin)
    {
        await _site.SignInAsync(_jane);

        (await _jane.SendAsync(HttpMethod.Delete, Session, origin, null)).Text.ShouldContain("access/other-site");
        (await _jane.SendAsync(HttpMethod.Post, $"{Session}/sign-out", origin, null)).Text.ShouldContain("access/other-site");
        (await WhoAsync()).ShouldBe("oidc:jane auditor viewer");
        (await _jane.SendAsync(HttpMethod.Delete, Session, _site.Metadata, null)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await WhoAsync()).ShouldBe(" ");
    }

    [Fact]
    public async Task The_cookie_opens_what_can_be_read_and_no_other_surface()
    {
        _site.Provider.Claims["groups"] = new[] { "mirror-admins" };
        var welcome = await _site.SignInAsync(_jane);
        var cookie = welcome.Cookies.Single(static cookie => cookie.StartsWith("entrepot-session=", StringComparison.Ordinal)).Split(';')[0];
        foreach (var (surface, path, expected) in new[] { ("admin", "/v1/users", HttpStatusCode.Unauthorized), ("push", "/v1/uploads/1", HttpStatusCode.Unauthorized) })
        {
            using var request = new HttpRequestMessage(surface == "push" ? HttpMethod.Head : HttpMethod.Get, _site.Node.Node.Network.Surfaces.First(known => known.Surface == surface).Url + path);
            request.Headers.Add("Cookie", cookie);
            using var response = await _site.Node.Http.SendAsync(request, Cancellation);
            response.StatusCode.ShouldBe(expected, surface);
        }

        // The same session as a bearer token is what a command sends.
        using var users = await _site.Node.SendAsync("admin", HttpMethod.Get, "/v1/users", cookie.Split('=')[1]);
        users.StatusCode.ShouldBe(HttpStatusCode.OK);
        // A cookie that is no session any more is nobody, so that public pages stay readable.
        using var ended = new HttpRequestMessage(HttpMethod.Get, Session);
        ended.Headers.Add("Cookie", "entrepot-session=es1.nonsense");
        using var nobody = await _site.Node.Http.SendAsync(ended, Cancellation);
        (await nobody.Content.ReadFromJsonAsync(ApiJson.Default.SessionDocument, Cancellation))!.Name.ShouldBe("");
    }

    [Fact]
    public async Task What_a_session_may_read_no_shared_cache_keeps()
    {
        await _site.SignInAsync(_jane);
        using var plain = await _site.Node.SendAsync("metadata", HttpMethod.Get, "/v1/mirrors", null);
        plain.Headers.CacheControl?.Private.ShouldNotBe(true);

        using var handler = new SocketsHttpHandler { UseCookies = false, UseProxy = false };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_site.Metadata}/v1/mirrors");
        request.Headers.Add("Cookie", (await _site.SignInAsync(_jane)).Cookies.Single(static cookie => cookie.StartsWith("entrepot-session=", StringComparison.Ordinal)).Split(';')[0]);
        using var own = await http.SendAsync(request, Cancellation);
        own.Headers.CacheControl!.Private.ShouldBeTrue();
    }

    [Fact]
    public async Task Roles_are_those_of_the_last_sign_in()
    {
        await _site.SignInAsync(_jane);
        using var elsewhere = new Visitor();
        _site.Provider.Claims["groups"] = new[] { "mirror-admins", "unknown", "staff" };
        (await _site.SignInAsync(elsewhere)).Text.ShouldContain("viewer, auditor, admin");
        (await WhoAsync()).ShouldBe("oidc:jane admin auditor viewer", "her other session too");

        _site.Provider.Claims["groups"] = new[] { "left" };
        (await _site.SignInAsync(elsewhere)).Code.ShouldBe("oidc/no-role");
        (await WhoAsync()).ShouldBe(" ", "with the last role every session ended");
        (await _site.SignInsAsync())[^1].Result.ShouldBe(JournalResult.Refused);
    }

    [Fact]
    public async Task Who_is_kept_out_is_out_at_once_and_stays_out_under_another_name()
    {
        await _site.SignInAsync(_jane);
        (await OrderAsync(HttpMethod.Patch, "/v1/users/oidc:jane", """{"disabled":true}""")).ShouldBe("");
        (await WhoAsync()).ShouldBe(" ");
        (await _site.SignInAsync(_jane)).Code.ShouldBe("oidc/kept-out");
        _site.Provider.Claims["preferred_username"] = "janet";
        (await _site.SignInAsync(_jane)).Code.ShouldBe("oidc/kept-out");

        (await OrderAsync(HttpMethod.Patch, "/v1/users/oidc%3Ajane", """{"disabled":false}""")).ShouldBe("");
        await _site.SignInAsync(_jane);
        (await WhoAsync()).ShouldBe("oidc:janet auditor viewer");
        (await OrderAsync(HttpMethod.Patch, "/v1/users/oidc:janet", """{"roles":["admin"]}""")).ShouldBe("oidc/person");
        (await OrderAsync(HttpMethod.Patch, "/v1/users/oidc:jane", """{"disabled":true}""")).ShouldBe("account/not-found");
        (await OrderAsync(HttpMethod.Delete, "/v1/users/oidc:janet", null)).ShouldBe("");
        (await WhoAsync()).ShouldBe(" ");
    }

    [Fact]
    public async Task A_name_is_one_persons_and_never_an_accounts()
    {
        await _site.SignInAsync(_jane);
        using var other = new Visitor();
        (_site.Provider.Claims["sub"], _site.Provider.Claims["preferred_username"]) = ("another", "JANE");
        (await _site.SignInAsync(other)).Code.ShouldBe("oidc/name-taken");
        (await WhoAsync()).ShouldBe("oidc:jane auditor viewer");

        // An account of the same name is somebody else, and no account can be named as she is.
        (await OrderAsync(HttpMethod.Post, "/v1/users", """{"name":"jane","roles":["admin"]}""")).ShouldBe("");
        (await WhoAsync()).ShouldBe("oidc:jane auditor viewer");
        (await OrderAsync(HttpMethod.Post, "/v1/users", """{"name":"oidc:jane","roles":["admin"]}""")).ShouldBe("account/name");
        (await OrderAsync(HttpMethod.Patch, "/v1/users/jane", """{"disabled":true}""")).ShouldBe("");
        (await WhoAsync()).ShouldBe("oidc:jane auditor viewer");
        using var users = await _site.Node.SendAsync("admin", HttpMethod.Get, "/v1/users", await _site.Node.TokenOfAsync(Role.Admin));
        (await users.Content.ReadFromJsonAsync(ApiJson.Default.IReadOnlyListUserDocument, Cancellation))!.Select(static user => $"{user.Name} {user.State}").ShouldBe(["jane disabled", "oidc:jane active"]);
    }

    [Fact]
    public async Task A_command_is_signed_in_by_a_browser_somewhere_else()
    {
        using var begun = await _site.Node.SendAsync("metadata", HttpMethod.Post, "/v1/session/oidc/commands", null);
        var command = (await begun.Content.ReadFromJsonAsync(ApiJson.Default.CommandSignInDocument, Cancellation))!;
        command.Url.ShouldBe($"{_site.Start}?for={command.Code}");
        (await CollectAsync(command.Handle)).Status.ShouldBe(HttpStatusCode.Accepted);

        var question = (await _jane.FollowAsync(command.Url)).End;
        question.Text.ShouldContain(command.Code);
        question.Text.ShouldContain("127.0.0.1");
        question.Cookies.ShouldNotContain(static cookie => cookie.StartsWith("entrepot-session=", StringComparison.Ordinal), "it asks, and signs nobody in");
        (await CollectAsync(command.Handle)).Status.ShouldBe(HttpStatusCode.Accepted, "nobody has said yes yet");

        using var stranger = new Visitor();
        (await AllowAsync(_jane, question.Ticket, "https://evil.example")).Code.ShouldBe("access/other-site");
        var done = await AllowAsync(_jane, question.Ticket, _site.Metadata);
        done.Status.ShouldBe(HttpStatusCode.OK, done.Text);
        var (status, session) = await CollectAsync(command.Handle);
        status.ShouldBe(HttpStatusCode.Created);
        session!.Name.ShouldBe("oidc:jane");
        using var journal = await _site.Node.SendAsync("metadata", HttpMethod.Get, "/v1/journal", session.Session);
        journal.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await CollectAsync(command.Handle)).Status.ShouldBe(HttpStatusCode.BadRequest, "a session is given once");
        (await AllowAsync(_jane, question.Ticket, _site.Metadata)).Code.ShouldBe("oidc/state", "and a word counts once");
        (await _site.SignInsAsync())[^1].Details.GetProperty("for").GetString().ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task Only_the_browser_that_was_asked_can_say_yes()
    {
        using var begun = await _site.Node.SendAsync("metadata", HttpMethod.Post, "/v1/session/oidc/commands", null);
        var command = (await begun.Content.ReadFromJsonAsync(ApiJson.Default.CommandSignInDocument, Cancellation))!;
        var question = (await _jane.FollowAsync(command.Url)).End;
        using var stranger = new Visitor();
        (await AllowAsync(stranger, question.Ticket, _site.Metadata)).Code.ShouldBe("oidc/state");
        (await CollectAsync(command.Handle)).Status.ShouldBe(HttpStatusCode.Accepted);
        (await _jane.GetAsync($"{_site.Start}?for=BBBB-BBBB")).Code.ShouldBe("oidc/state");
    }

    [Fact]
    public async Task A_command_learns_that_the_person_may_not()
    {
        _site.Provider.Claims["groups"] = "nothing";
        using var begun = await _site.Node.SendAsync("metadata", HttpMethod.Post, "/v1/session/oidc/commands", null);
        var command = (await begun.Content.ReadFromJsonAsync(ApiJson.Default.CommandSignInDocument, Cancellation))!;
        (await _jane.FollowAsync(command.Url)).End.Code.ShouldBe("oidc/no-role");
        (await CollectAsync(command.Handle)).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task The_node_tells_how_people_sign_in()
    {
        using var response = await _site.Node.SendAsync("metadata", HttpMethod.Get, "/v1/session/methods", null);
        var methods = (await response.Content.ReadFromJsonAsync(ApiJson.Default.SignInMethodsDocument, Cancellation))!;
        methods.ShouldBe(new SignInMethodsDocument(true, new SignInProviderDocument("Example Org", _site.Provider.Issuer, _site.Start)));
    }

    private async Task<string> WhoAsync()
    {
        using var document = JsonDocument.Parse((await _jane.GetAsync(Session)).Text);
        return $"{document.RootElement.GetProperty("name").GetString()} {string.Join(' ', document.RootElement.GetProperty("roles").EnumerateArray().Select(static role => role.GetString()).Order(StringComparer.Ordinal))}";
    }

    private Task<Answer> AllowAsync(Visitor visitor, string ticket, string origin)
        => visitor.SendAsync(HttpMethod.Post, $"{_site.Start}/allow", origin, new FormUrlEncodedContent([KeyValuePair.Create("ticket", ticket)]));

    private async Task<(HttpStatusCode Status, SessionDocument? Session)> CollectAsync(string handle)
    {
        using var response = await _site.Node.SendAsync(
            "metadata", HttpMethod.Post, "/v1/session/oidc/commands/collect", null, JsonContent.Create(new CollectSessionRequest(handle), ApiJson.Default.CollectSessionRequest));
        return (response.StatusCode, response.StatusCode == HttpStatusCode.Created ? await response.Content.ReadFromJsonAsync(ApiJson.Default.SessionDocument, Cancellation) : null);
    }

    /// <summary>Has an admin do something; the answer is the refusal's code.</summary>
    private async Task<string> OrderAsync(HttpMethod method, string path, string? json)
    {
        using var body = json is null ? null : new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await _site.Node.SendAsync("admin", method, path, await _site.Node.TokenOfAsync(Role.Admin), body);
        return await AccessSite.CodeOfAsync(response);
    }
}
