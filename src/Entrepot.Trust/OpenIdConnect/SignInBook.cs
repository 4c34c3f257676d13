using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Trust.Accounts;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>A sign-in that is with the provider.</summary>
/// <param name="Nonce">What the provider's token has to have in it.</param>
/// <param name="Verifier">What proves to the provider that the code comes back to whom it was meant for (RFC 7636).</param>
/// <param name="Browser">Hash of what the browser has to bring along.</param>
/// <param name="Source">The address it was begun from, or the network that counts as one.</param>
/// <param name="Began">When.</param>
/// <param name="Request">The command that waits for it; null when the browser signs in for itself.</param>
internal sealed record PendingSignIn(string Nonce, string Verifier, string Browser, string Source, DateTimeOffset Began, CommandRequest? Request);

/// <summary>A person who proved who it is, and has not yet said that a command may be signed in as it.</summary>
/// <param name="Identity">Who.</param>
/// <param name="Request">The command.</param>
/// <param name="Browser">Hash of what the browser has to bring along.</param>
/// <param name="Source">As above.</param>
/// <param name="Began">When.</param>
internal sealed record PendingConsent(ProvenIdentity Identity, CommandRequest Request, string Browser, string Source, DateTimeOffset Began);

/// <summary>A command, on whatever machine, that waits for somebody to sign it in by a browser, on whatever other.</summary>
/// <param name="code">What the person compares: <c>XXXX-XXXX</c>.</param>
/// <param name="address">Where the command runs.</param>
/// <param name="source">The address that counts, as above.</param>
/// <param name="began">When.</param>
public sealed class CommandRequest(string code, string address, string source, DateTimeOffset began)
{
    /// <summary>What the person compares.</summary>
    public string Code => code;

    /// <summary>Where the command runs.</summary>
    public string Address => address;

    /// <summary>When it asked, UTC.</summary>
    public DateTimeOffset Began => began;

    internal string Source => source;

    /// <summary>As whom it may go on; null until somebody said so.</summary>
    internal volatile Person? Person;

    /// <summary>Why it may not, or null.</summary>
    internal volatile Fault? Refusal;
}

/// <summary>Sign-ins that are going on, in memory: a restart of the node ends them. What is handed out is kept as its hash, is good once, and for a short time.
/// Bounded in all and by source. Safe for use by several threads.</summary>
/// <param name="time">The clock.</param>
internal sealed class SignInBook(TimeProvider time)
{
    /// <summary>For how long a sign-in may go on: people look for their second factor.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Most of each kind.</summary>
    public const int Max = 4096;

    /// <summary>Most of each kind from one source.</summary>
    public const int MaxOfSource = 50;

    // RFC 8628 §6.1: no vowels, so that no word comes out.
    private const string CodeLetters = "BCDFGHJKLMNPQRSTVWXZ";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PendingSignIn> _pending = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PendingConsent> _consents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CommandRequest> _requests = new(StringComparer.Ordinal);

    /// <summary>Begins a sign-in; the answer is its state.</summary>
    /// <exception cref="FaultException"><see cref="OidcFault.Busy"/>.</exception>
    public string Begin(PendingSignIn pending) => Add(_pending, pending, "es1s.", static one => one.Source, static one => one.Began);

    /// <summary>Takes a sign-in out, so that it is answered once.</summary>
    public PendingSignIn? Take(string state) => Take(_pending, state, static one => one.Began);

    /// <summary>Waits for a person's word; the answer is the ticket that gives it.</summary>
    /// <exception cref="FaultException"><see cref="OidcFault.Busy"/>.</exception>
    public string Ask(PendingConsent consent) => Add(_consents, consent, "es1c.", static one => one.Source, static one => one.Began);

    /// <summary>Takes a person's word.</summary>
    public PendingConsent? TakeConsent(string ticket) => Take(_consents, ticket, static one => one.Began);

    /// <summary>Takes in a command; the answer is the handle by which it asks for its session.</summary>
    /// <exception cref="FaultException"><see cref="OidcFault.Busy"/>.</exception>
    public (string Handle, CommandRequest Request) Open(string address, string source)
    {
        var letters = RandomNumberGenerator.GetString(CodeLetters, 8);
        var request = new CommandRequest($"{letters[..4]}-{letters[4..]}", address, source, time.GetUtcNow());
        return (Add(_requests, request, "es1r.", static one => one.Source, static one => one.Began), request);
    }

    /// <summary>The command with a code; null when none has it now.</summary>
    public CommandRequest? WithCode(string code)
    {
        var now = time.GetUtcNow();
        lock (_lock)
            return _requests.Values.FirstOrDefault(request => request.Code == code && now - request.Began < Lifetime && request.Person is null && request.Refusal is null);
    }

    /// <summary>The command behind a handle; taken out when its end is known, so that a session is given once.</summary>
    public CommandRequest? Collect(string handle)
    {
        var hash = OneTimeText.HashOf(handle);
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_requests.TryGetValue(hash, out var request))
                return null;
            if (now - request.Began >= Lifetime || request.Person is not null || request.Refusal is not null)
                _requests.Remove(hash);
            return now - request.Began < Lifetime ? request : null;
        }
    }

    private string Add<T>(Dictionary<string, T> into, T one, string prefix, Func<T, string> source, Func<T, DateTimeOffset> began)
    {
        var text = OneTimeText.New(prefix);
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (into.Count >= Max || into.Values.Count(other => source(other) == source(one)) >= MaxOfSource)
            {
                foreach (var old in into.Where(pair => now - began(pair.Value) >= Lifetime).Select(static pair => pair.Key).ToList())
                    into.Remove(old);
            }

            if (into.Count >= Max || into.Values.Count(other => source(other) == source(one)) >= MaxOfSource)
                throw Fault.Of(OidcFault.Busy, FaultKind.Exhausted, "Too many sign-ins are going on.", $"Finish those that were begun, or wait {Lifetime.TotalMinutes:0} minutes.").ToException();
            into[OneTimeText.HashOf(text)] = one;
        }

        return text;
    }

    private T? Take<T>(Dictionary<string, T> from, string text, Func<T, DateTimeOffset> began)
        where T : class
    {
        lock (_lock)
            return from.Remove(OneTimeText.HashOf(text), out var one) && time.GetUtcNow() - began(one) < Lifetime ? one : null;
    }
}
