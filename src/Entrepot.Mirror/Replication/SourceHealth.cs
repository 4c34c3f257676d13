using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Replication;

/// <summary>What is known about one source: how fast it is, whether it is benched and why. Safe for use by several threads.</summary>
public sealed class SourceHealth
{
    /// <summary>Lies remembered; by then the bench is at its longest.</summary>
    private const int MaxLies = 64;

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly HashSet<(Sha256Digest Blob, int Piece)> _lies = [];
    private int _consecutive;
    private DateTimeOffset? _failingSince;
    private int _generation;
    private DateTimeOffset _benchedUntil;
    private SourceFailure? _lastFailure;
    private double _rate;
    private int _active;
    private long _bytes;
    private int _pieces;
    private int _failures;
    private DateTimeOffset _lastLie;

    /// <summary>Starts with a clean record.</summary>
    public SourceHealth(IPieceSource source, TimeProvider time) => (Source, _time) = (source, time);

    /// <summary>The source.</summary>
    public IPieceSource Source { get; }

    /// <summary>Its state now.</summary>
    public SourceState Look()
    {
        lock (_lock)
        {
            var benched = _benchedUntil > _time.GetUtcNow();
            return new SourceState(
                Source.Name, benched, benched ? _benchedUntil : null, _failingSince, _lastFailure, _rate, _active, _bytes, _pieces, _failures);
        }
    }

    /// <summary>A transfer begins.</summary>
    /// <returns>To be handed to <see cref="Succeeded"/>, <see cref="Failed"/> or <see cref="Abandoned"/>.</returns>
    internal SourceAttempt Begin()
    {
        lock (_lock)
        {
            _active++;
            return new SourceAttempt(_generation, _time.GetTimestamp());
        }
    }

    /// <summary>It gave a proven piece.</summary>
    internal void Succeeded(SourceAttempt attempt, long bytes)
    {
        var seconds = Math.Max(_time.GetElapsedTime(attempt.Stamp).TotalSeconds, 1e-4);
        lock (_lock)
        {
            _active--;
            _bytes += bytes;
            _pieces++;
            var rate = bytes / seconds;
            _rate = _rate == 0 ? rate : (_rate * 0.7) + (rate * 0.3);
            // A success of before the bench says nothing about now.
            if (attempt.Generation != _generation)
                return;
            _consecutive = 0;
            _failingSince = null;
            _benchedUntil = default;
        }
    }

    /// <summary>It failed; it is benched as <see cref="BenchPolicy"/> says. Transfers that broke together count once, and so do all lies about
    /// one piece.</summary>
    /// <returns>The bench, zero for none.</returns>
    internal TimeSpan Failed(SourceAttempt attempt, SourceFailure failure, Sha256Digest blob, int piece)
    {
        lock (_lock)
        {
            _active--;
            _failures++;
            _lastFailure = failure;
            var now = _time.GetUtcNow();
            if (failure.ConcernsOnePiece || (failure.Reason == ReplicationFault.Lied && IsForgiven(blob, piece, now)))
                return TimeSpan.Zero;
            _failingSince ??= now;
            if (attempt.Generation == _generation)
            {
                _consecutive++;
                _generation++;
            }

            var bench = BenchPolicy.For(
                failure.Reason, failure.Reason == ReplicationFault.Lied ? _lies.Count - BenchPolicy.LiesForgiven : _consecutive);
            if (now + bench > _benchedUntil)
                _benchedUntil = now + bench;
            return bench;
        }
    }

    private bool IsForgiven(Sha256Digest blob, int piece, DateTimeOffset now)
    {
        if (now - _lastLie > BenchPolicy.LieMemory)
            _lies.Clear();
        _lastLie = now;
        var isKnown = _lies.Count >= MaxLies ? _lies.Contains((blob, piece)) : !_lies.Add((blob, piece));
        return isKnown || _lies.Count <= BenchPolicy.LiesForgiven;
    }

    /// <summary>The transfer was cancelled and says nothing.</summary>
    internal void Abandoned()
    {
        lock (_lock)
            _active--;
    }
}

/// <summary>When a transfer began: after how many benches, and the clock's timestamp.</summary>
internal readonly record struct SourceAttempt(int Generation, long Stamp);

/// <summary>A source as it stood at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsBenched">True while it is left alone.</param>
/// <param name="BenchedUntil">Until when, or null.</param>
/// <param name="FailingSince">Since when it has only failed; null when its last transfer was good.</param>
/// <param name="LastFailure">Its last failure, or null.</param>
/// <param name="BytesPerSecond">Smoothed rate of one transfer, 0 when unknown.</param>
/// <param name="Active">Transfers in progress.</param>
/// <param name="Bytes">Proven bytes so far.</param>
/// <param name="Pieces">Proven pieces so far.</param>
/// <param name="Failures">Failed attempts so far.</param>
public sealed record SourceState(
    string Name, bool IsBenched, DateTimeOffset? BenchedUntil, DateTimeOffset? FailingSince, SourceFailure? LastFailure,
    double BytesPerSecond, int Active, long Bytes, int Pieces, int Failures);
