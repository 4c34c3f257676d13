using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Trust.Accounts;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>A sign-in that begins.</summary>
/// <param name="Location">Where the browser goes.</param>
/// <param name="Browser">What it has to bring back, beside what the address has.</param>
public sealed record BegunSignIn(Uri Location, string Browser);

/// <summary>With what the provider sends the browser back (RFC 6749 §4.1.2, RFC 9207).</summary>
/// <param name="State">Which sign-in it answers.</param>
/// <param name="Code">What is given for tokens, or null.</param>
/// <param name="Error">Why there is no code, or null.</param>
/// <param name="Issuer">Who sends it, where that is told.</param>
/// <param name="Browser">What the browser brought back.</param>
public sealed record ProviderReply(string State, string? Code, string? Error, string? Issuer, string? Browser);

/// <summary>How a sign-in ended: somebody is in, or is asked whether a command may be.</summary>
/// <param name="Identity">As the provider proved it.</param>
/// <param name="Person">Who is in; null when a command is asked for.</param>
/// <param name="Request">The command that is asked for, or null.</param>
/// <param name="Ticket">What the answer about it has to have, or null.</param>
public sealed record CompletedSignIn(ProvenIdentity Identity, Person? Person, CommandRequest? Request, string? Ticket);

/// <summary>Signs people in through the provider: authorization code flow (OpenID Connect Core §3.1) with PKCE (RFC 7636), state and nonce. Safe for use
/// by several threads.</summary>
/// <param name="options">The provider.</param>
/// <param name="client">Talks to it.</param>
/// <param name="people">Decides who comes in.</param>
/// <param name="time">The clock.</param>
public sealed class ProviderSignIn(ProviderOptions options, ProviderClient client, PersonBook people, TimeProvider time) : IDisposable
{
    private readonly SignInBook _book = new(time);

    /// <summary>The provider.</summary>
    public ProviderOptions Options => options;

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>Begins a sign-in.</summary>
    /// <param name="callback">Where the provider sends the browser back to.</param>
    /// <param name="source">From which address, or network that counts as one.</param>
    /// <param name="code">The code of the command that is to be signed in, or null.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="OidcFault.Provider"/>, <see cref="OidcFault.Issuer"/>, <see cref="OidcFault.State"/> for a code that no
    /// command has, or <see cref="OidcFault.Busy"/>.</exception>
    public async Task<BegunSignIn> BeginAsync(string callback, string source, string? code, CancellationToken cancellation = default)
    {
        var request = code is null ? null : _book.WithCode(code) ?? throw NoSuchCommand();
        var provider = await client.DescribeAsync(null, cancellation);
        var (browser, nonce, verifier) = (OneTimeText.New("es1b."), Random(), Random());
        var state = _book.Begin(new PendingSignIn(nonce, verifier, OneTimeText.HashOf(browser), source, time.GetUtcNow(), request));
        var query = new (string Name, string Value)[]
        {
            ("response_type", "code"), ("client_id", options.ClientId), ("redirect_uri", callback), ("scope", string.Join(' ', options.Scopes)), ("state", state), ("nonce", nonce),
            ("code_challenge", Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))), ("code_challenge_method", "S256"),
        };
        var address = provider.AuthorizationEndpoint;
        var joined = string.Join('&', query.Select(static pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
        return new BegunSignIn(new Uri($"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{joined}"), browser);
    }

    /// <summary>Ends a sign-in by what the provider sent the browser back with. Every refusal that comes after the provider's word is journalled.</summary>
    /// <param name="reply">What it was sent back with.</param>
    /// <param name="callback">As at the beginning.</param>
    /// <param name="source">From which address, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException">Any <see cref="OidcFault"/>.</exception>
    public async Task<CompletedSignIn> CompleteAsync(ProviderReply reply, string callback, string source, CancellationToken cancellation = default)
    {
        // Taken out first: whatever comes of it, the state is good once.
        if (_book.Take(reply.State) is not { } pending || reply.Browser is null || OneTimeText.HashOf(reply.Browser) != pending.Browser)
            throw Fault.Of(
                OidcFault.State, FaultKind.Invalid, "This sign-in is not known here: it was finished already, took too long, or was begun by another browser.",
                "Sign in again from the start.").ToException();
        ProvenIdentity identity;
        try
        {
            identity = await ProveAsync(pending, reply, callback, cancellation);
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.Forbidden)
        {
            if (pending.Request is { } refused)
                refused.Refusal = error.Fault;
            await people.RefuseAsync(error.Fault, source, CancellationToken.None);
            throw;
        }

        if (pending.Request is not { } request)
            return new CompletedSignIn(identity, await people.AdmitAsync(identity, source, null, cancellation), null, null);
        if (identity.Roles == Access.Role.None)
            await AdmitAsync(identity, request, source, cancellation);
        return new CompletedSignIn(identity, null, request, _book.Ask(new PendingConsent(identity, request, pending.Browser, pending.Source, time.GetUtcNow())));
    }

    /// <summary>Lets a command in, by the word of the person that it will be.</summary>
    /// <param name="ticket">The ticket of the question.</param>
    /// <param name="browser">What the browser brought back.</param>
    /// <param name="source">From which address, for the journal.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="OidcFault.State"/>, or as <see cref="PersonBook.AdmitAsync"/>.</exception>
    public async Task<Person> AllowAsync(string ticket, string? browser, string source, CancellationToken cancellation = default)
    {
        if (_book.TakeConsent(ticket) is not { } consent || browser is null || OneTimeText.HashOf(browser) != consent.Browser)
            throw NoSuchCommand();
        return await AdmitAsync(consent.Identity, consent.Request, source, cancellation);
    }

    /// <summary>Takes in a command that waits for somebody to sign it in.</summary>
    /// <param name="address">Where it runs, which the person is shown.</param>
    /// <param name="source">The address that counts, or the network.</param>
    /// <returns>By what it asks for its session, what the person compares, and until when, UTC.</returns>
    /// <exception cref="FaultException"><see cref="OidcFault.Busy"/>.</exception>
    public (string Handle, string Code, DateTimeOffset Ends) Open(string address, string source)
    {
        var (handle, request) = _book.Open(address, source);
        return (handle, request.Code, request.Began + SignInBook.Lifetime);
    }

    /// <summary>As whom a command may go on; null while nobody has said so yet. It is told once.</summary>
    /// <exception cref="FaultException">The refusal, or <see cref="OidcFault.State"/>.</exception>
    public Person? Collect(string handle)
    {
        var request = _book.Collect(handle) ?? throw NoSuchCommand();
        return request.Refusal is { } refusal ? throw refusal.ToException() : request.Person;
    }

    private async Task<Person> AdmitAsync(ProvenIdentity identity, CommandRequest request, string source, CancellationToken cancellation)
    {
        try
        {
            return request.Person = await people.AdmitAsync(identity, source, request.Address, cancellation);
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.Forbidden)
        {
            request.Refusal = error.Fault;
            throw;
        }
    }

    private async Task<ProvenIdentity> ProveAsync(PendingSignIn pending, ProviderReply reply, string callback, CancellationToken cancellation)
    {
        var provider = await client.DescribeAsync(null, cancellation);
        // RFC 9207 §2.4: else the code may be of another provider.
        if (reply.Issuer is null ? provider.AuthorizationResponseIssParameterSupported : reply.Issuer != options.Issuer)
            throw Fault.Of(OidcFault.Issuer, FaultKind.Forbidden, "The answer is not from the configured provider.", "Sign in again from the start.").ToException();
        if (reply.Code is not { Length: > 0 } code)
            throw Fault.Of(
                OidcFault.Denied, FaultKind.Forbidden, $"{options.Label} did not let you in: {ProviderClient.ErrorWord(reply.Error)}.",
                "Ask there; an account of this network's own works too: entrepot sign-in NAME.").ToException();
        var asked = time.GetUtcNow();
        var tokens = await client.ExchangeAsync(provider, code, pending.Verifier, callback, cancellation);
        var isGood = IdTokenJudge.TryJudge(tokens.IdToken, [.. provider.SigningKeys], options, pending.Nonce, tokens.AccessToken, time.GetUtcNow(), out var claims, out var fault);
        if (!isGood && fault!.Is(OidcFault.UnknownKey))
        {
            // The provider may have a new key since: it is asked once.
            provider = await client.DescribeAsync(asked, cancellation);
            isGood = IdTokenJudge.TryJudge(tokens.IdToken, [.. provider.SigningKeys], options, pending.Nonce, tokens.AccessToken, time.GetUtcNow(), out claims, out fault);
        }

        if (!isGood)
            throw fault!.ToException();
        var more = IdentityRules.NeedsMore(claims, options) && provider.UserInfoEndpoint is { Length: > 0 } && tokens.AccessToken is { } access
            ? await client.TellAsync(provider, access, cancellation)
            : (System.Text.Json.JsonElement?)null;
        return IdentityRules.TryDecide(claims, more, options, out var identity, out fault) ? identity : throw fault.ToException();
    }

    /// <summary>256 random bits; RFC 7636 §4.1 asks for 43 characters at least.</summary>
    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static FaultException NoSuchCommand() => Fault.Of(
        OidcFault.State, FaultKind.Invalid, "No command waits to be signed in by this: it was answered already, or took too long.", "Run 'entrepot sign-in' again.").ToException();
}
