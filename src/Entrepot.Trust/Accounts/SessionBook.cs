using System.Collections.Concurrent;
using Entrepot.Trust.Access;

namespace Entrepot.Trust.Accounts;

/// <summary>A session that began.</summary>
/// <param name="Text">What its bearer sends; told this once.</param>
/// <param name="Ends">When it ends at the latest, UTC.</param>
public sealed record StartedSession(string Text, DateTimeOffset Ends);

/// <summary>The sessions of people who signed in, in memory: a restart of the node ends them all. Only the hash of each text is kept. Safe for use by
/// several threads.</summary>
/// <param name="accounts">Tells the roles of an account, or of somebody who signed in through the provider, as they are now; null ends its sessions.</param>
/// <param name="time">The clock.</param>
public sealed class SessionBook(Func<string, Role?> accounts, TimeProvider time)
{
    /// <summary>What session texts begin with.</summary>
    public const string Prefix = "es1.";

    /// <summary>Most sessions; the one that was idle for longest makes room.</summary>
    public const int MaxSessions = 10_000;

    /// <summary>A session that was idle for so long has ended (PCI DSS 8.2.8).</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);

    /// <summary>Longest life of a session (NIST SP 800-63B-4 §2.2.3 allows 24 hours).</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    /// <summary>Begins a session.</summary>
    /// <param name="account">The account's name, or <c>oidc:NAME</c>, which no account can be called.</param>
    public StartedSession Start(string account)
    {
        var now = time.GetUtcNow();
        MakeRoom(now);
        var text = OneTimeText.New(Prefix);
        _sessions[OneTimeText.HashOf(text)] = new Session(account, now) { Seen = now };
        return new StartedSession(text, now + Longest);
    }

    /// <summary>Who sends a session's text; null when it is none, or has ended.</summary>
    public Principal? Find(string text)
    {
        var hash = OneTimeText.HashOf(text);
        if (!_sessions.TryGetValue(hash, out var session))
            return null;
        var now = time.GetUtcNow();
        if (HasEnded(session, now) || accounts(session.Account) is not { } roles)
        {
            _sessions.TryRemove(hash, out _);
            return null;
        }

        session.Seen = now;
        return new Principal(session.Account.Contains(':', StringComparison.Ordinal) ? session.Account : $"user:{session.Account}", roles, Proof.Session);
    }

    /// <summary>Ends a session.</summary>
    public void End(string text) => _sessions.TryRemove(OneTimeText.HashOf(text), out _);

    /// <summary>Ends every session of an account.</summary>
    public void EndAll(string account)
    {
        foreach (var (hash, session) in _sessions)
        {
            if (session.Account == account)
                _sessions.TryRemove(hash, out _);
        }
    }

    private static bool HasEnded(Session session, DateTimeOffset now) => now - session.Seen >= Idle || now - session.Began >= Longest;

    private void MakeRoom(DateTimeOffset now)
    {
        if (_sessions.Count < MaxSessions)
            return;
        foreach (var (hash, _) in _sessions.Where(pair => HasEnded(pair.Value, now)))
            _sessions.TryRemove(hash, out _);
        if (_sessions.Count >= MaxSessions && _sessions.MinBy(static pair => pair.Value.Seen) is { Key: not null } oldest)
            _sessions.TryRemove(oldest.Key, out _);
    }

    private sealed class Session(string account, DateTimeOffset began)
    {
        public string Account => account;

        public DateTimeOffset Began => began;

        public DateTimeOffset Seen { get; set; }
    }
}
