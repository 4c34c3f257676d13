using System.Net;

namespace Entrepot.Server.Access;

/// <summary>What follows from one more failure of a source.</summary>
/// <param name="RetryAfter">How long it must wait; null while it may go on.</param>
/// <param name="Told">Failures since the journal was told last, when it is to be told now; else 0.</param>
internal readonly record struct FailureAnswer(TimeSpan? RetryAfter, int Told);

/// <summary>Counts failed authentications by source: each may fail so often at once, then as often as the count refills. The table is bounded,
/// and so is what it gives the journal. Safe for use by several threads.</summary>
/// <remarks>Only failures are limited. A token that is good passes whatever others behind the same address did, so that nobody can shut
/// a site out by sending nonsense from it.</remarks>
/// <param name="time">The clock.</param>
internal sealed class FailureBook(TimeProvider time)
{
    /// <summary>Failures at once; a person who mistypes needs fewer, and a job with an expired token notices.</summary>
    public const int Burst = 20;

    /// <summary>Sources remembered; the one that was quiet for longest makes room.</summary>
    public const int MaxSources = 4096;

    /// <summary>Most entries that the journal gets in a minute, from all sources together.</summary>
    public const int MaxToldPerMinute = 100;

    /// <summary>Time in which one failure is forgiven.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private readonly Dictionary<IPAddress, Source> _sources = [];
    private readonly Lock _lock = new();
    private DateTimeOffset _minute = DateTimeOffset.MinValue;
    private int _told;

    /// <summary>Sources that are remembered now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _sources.Count;
        }
    }

    /// <summary>How long a source must wait before it is listened to; null while it may try. For what can be guessed, as passwords are: there the
    /// attempt itself must not be made.</summary>
    public TimeSpan? WaitOf(IPAddress source)
    {
        var now = time.GetUtcNow();
        lock (_lock)
            return _sources.TryGetValue(source, out var known) && known.Debt - ((now - known.At) / Refill) is > Burst and var debt ? (debt - Burst) * Refill : null;
    }

    /// <summary>Notes a failure.</summary>
    public FailureAnswer Note(IPAddress source)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_sources.TryGetValue(source, out var known))
            {
                MakeRoom(now);
                _sources[source] = known = new Source { At = now };
            }

            known.Debt = Math.Max(0, known.Debt - (now - known.At) / Refill) + 1;
            known.At = now;
            known.Untold++;
            var wait = known.Debt > Burst ? (known.Debt - Burst) * Refill : (TimeSpan?)null;
            // Debt is bounded too: whoever goes on failing waits no longer than the whole burst takes to refill.
            known.Debt = Math.Min(known.Debt, 2 * Burst);
            return new FailureAnswer(wait, Tell(known, now));
        }
    }

    private int Tell(Source source, DateTimeOffset now)
    {
        if (source.ToldAt is { } told && now - told < TellEvery)
            return 0;
        if (now - _minute >= TellEvery)
            (_minute, _told) = (now, 0);
        if (_told >= MaxToldPerMinute)
            return 0;
        _told++;
        source.ToldAt = now;
        var untold = source.Untold;
        source.Untold = 0;
        return untold;
    }

    private void MakeRoom(DateTimeOffset now)
    {
        if (_sources.Count < MaxSources)
            return;
        var forgiven = _sources.Where(pair => now - pair.Value.At >= Burst * Refill).Select(static pair => pair.Key).ToList();
        if (forgiven.Count == 0)
            forgiven.Add(_sources.MinBy(static pair => pair.Value.At).Key);
        foreach (var source in forgiven)
            _sources.Remove(source);
    }

    private sealed class Source
    {
        public double Debt { get; set; }

        public DateTimeOffset At { get; set; }

        public DateTimeOffset? ToldAt { get; set; }

        public int Untold { get; set; }
    }
}
