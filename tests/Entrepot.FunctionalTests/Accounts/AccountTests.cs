using System.Net;
using System.Net.Http.Json;
using Entrepot.FunctionalTests.Access;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;

namespace Entrepot.FunctionalTests.Accounts;

/// <summary>People at a running node. Its clock is real, so signing in takes recovery codes: a code of the app is good for once in 30 seconds.</summary>
public sealed class AccountTests : IAsyncLifetime
{
    private const string Password = "orange bicycle thunder";

    private static readonly byte[] Key = [.. Enumerable.Range(1, SecondFactor.KeyBytes).Select(static value => (byte)value)];

    private AccessSite _site = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _site = await AccessSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Who_was_invited_signs_in_and_may_do_what_the_account_is()
    {
        var codes = await JoinAsync("jane", "auditor");
        var session = await SignInAsync("jane", codes[0]);

        (await SendAsync("metadata", HttpMethod.Get, "/v1/session", session, ApiJson.Default.SessionDocument)).Name.ShouldBe("user:jane");
        (await StatusAsync("metadata", HttpMethod.Get, "/v1/journal", session)).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync("admin", HttpMethod.Get, "/v1/users", session)).ShouldBe(HttpStatusCode.Forbidden);

        using var changed = await _site.SendAsync("admin", HttpMethod.Patch, "/v1/users/jane", await _site.TokenOfAsync(Role.Admin), JsonContent.Create(new UpdateUserRequest(["admin"]), ApiJson.Default.UpdateUserRequest));
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await StatusAsync("admin", HttpMethod.Get, "/v1/users", session)).ShouldBe(HttpStatusCode.OK, "roles are those of now");
        (await StatusAsync("metadata", HttpMethod.Get, "/v1/journal", session)).ShouldBe(HttpStatusCode.Forbidden);

        (await StatusAsync("metadata", HttpMethod.Delete, "/v1/session", session)).ShouldBe(HttpStatusCode.NoContent);
        (await StatusAsync("admin", HttpMethod.Get, "/v1/users", session)).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync("admin", HttpMethod.Get, "/v1/users", session + "x")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Who_is_disabled_is_out_at_once()
    {
        var codes = await JoinAsync("jane", "admin");
        var session = await SignInAsync("jane", codes[0]);
        using var disabled = await _site.SendAsync("admin", HttpMethod.Patch, "/v1/users/jane", await _site.TokenOfAsync(Role.Admin), JsonContent.Create(new UpdateUserRequest(Disabled: true), ApiJson.Default.UpdateUserRequest));
        disabled.StatusCode.ShouldBe(HttpStatusCode.OK);

        (await StatusAsync("admin", HttpMethod.Get, "/v1/users", session)).ShouldBe(HttpStatusCode.Unauthorized);
        using var refused = await TryAsync("jane", Password, codes[1]);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await AccessSite.CodeOfAsync(refused)).ShouldBe("account/credentials");
    }

    [Fact]
    public async Task Guessing_is_slowed_by_address_beside_every_other_bad_credential()
    {
        var codes = await JoinAsync("jane", "viewer");
        for (var i = 0; i < 2 * FailureBook.Burst; i++)
            await StatusAsync("metadata", HttpMethod.Get, "/v1/session", "es1.nonsense");

        using var wrong = await TryAsync("jane", "not the password at all", "000000");
        wrong.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        wrong.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        (await AccessSite.CodeOfAsync(wrong)).ShouldBe("access/too-many-failures");
        using var right = await TryAsync("jane", Password, codes[0]);
        right.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests, "a right guess among many is not told");
    }

    [Fact]
    public async Task Ten_wrong_attempts_lock_the_account()
    {
        var codes = await JoinAsync("jane", "viewer");
        for (var i = 0; i < SignInRules.MaxFailures; i++)
        {
            using var wrong = await TryAsync("jane", "not the password at all", "000000");
            (await AccessSite.CodeOfAsync(wrong)).ShouldBe("account/credentials");
        }

        using var locked = await TryAsync("jane", Password, codes[0]);
        (await AccessSite.CodeOfAsync(locked)).ShouldBe("account/locked");
    }

    private async Task<IReadOnlyList<string>> JoinAsync(string name, string role)
    {
        using var made = await _site.SendAsync("admin", HttpMethod.Post, "/v1/users", await _site.TokenOfAsync(Role.Admin), JsonContent.Create(new InviteUserRequest(name, [role]), ApiJson.Default.InviteUserRequest));
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        var invitation = (await made.Content.ReadFromJsonAsync(ApiJson.Default.InvitationDocument, Cancellation))!.Invitation;
        using var accepted = await _site.SendAsync(
            "metadata", HttpMethod.Post, "/v1/invitations", null,
            JsonContent.Create(new AcceptInvitationRequest(invitation, Password, Key, SecondFactor.CodeOf(Key, DateTimeOffset.UtcNow)), ApiJson.Default.AcceptInvitationRequest));
        accepted.StatusCode.ShouldBe(HttpStatusCode.Created, await accepted.Content.ReadAsStringAsync(Cancellation));
        return (await accepted.Content.ReadFromJsonAsync(ApiJson.Default.AcceptedDocument, Cancellation))!.RecoveryCodes;
    }

    private async Task<string> SignInAsync(string name, string code)
    {
        using var response = await TryAsync(name, Password, code);
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancellation));
        return (await response.Content.ReadFromJsonAsync(ApiJson.Default.SessionDocument, Cancellation))!.Session!;
    }

    private Task<HttpResponseMessage> TryAsync(string name, string password, string code)
        => _site.SendAsync("metadata", HttpMethod.Post, "/v1/session", null, JsonContent.Create(new SignInRequest(name, password, code), ApiJson.Default.SignInRequest));

    private async Task<HttpStatusCode> StatusAsync(string surface, HttpMethod method, string path, string session)
    {
        using var response = await _site.SendAsync(surface, method, path, session);
        return response.StatusCode;
    }

    private async Task<T> SendAsync<T>(string surface, HttpMethod method, string path, string session, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var response = await _site.SendAsync(surface, method, path, session);
        return (await response.Content.ReadFromJsonAsync(type, Cancellation))!;
    }
}
