using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Replication;

/// <summary>Which pieces are held, wanted and in flight, and what each worker does next. Safe for use by several threads.</summary>
internal sealed class PullPlan
{
    private const int MaxEvents = 1000;

    /// <summary>A source that lacks so many pieces and gave none does not have the blob.</summary>
    private const int AbsencesToLeave = 3;

    private readonly Fingerprint _blob;
    private readonly PullOptions _options;
    private readonly TimeProvider _time;
    private readonly SourceHealth[] _sources;
    private readonly Lock _lock = new();
    private readonly SortedSet<int> _wanted = [];
    private readonly Dictionary<int, List<Flight>> _flights = [];
    private readonly Dictionary<int, HashSet<SourceHealth>> _avoid = [];
    private readonly Dictionary<int, int> _failures = [];
    private readonly Dictionary<SourceHealth, int> _absences = [];
    private readonly Dictionary<(int Piece, SourceHealth Source), int> _refusals = [];
    private readonly HashSet<(string Source, string Detail)> _said = [];
    private readonly PieceBits _held;
    private readonly List<PullEvent> _events = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastProgress;
    private int _unchecked;
    private int _heldCount;

    /// <summary>Starts a plan.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="sources">All of equal rank.</param>
    /// <param name="claimed">Pieces that are in the file perhaps; each is settled by <see cref="Checked"/>.</param>
    /// <param name="options">The limits.</param>
    /// <param name="time">The clock.</param>
    public PullPlan(Fingerprint blob, IEnumerable<IPieceSource> sources, PieceBits claimed, PullOptions options, TimeProvider time)
    {
        (_blob, _options, _time) = (blob, options, time);
        _sources = [.. sources.Select(source => new SourceHealth(source, time))];
        _held = new PieceBits(blob.Pieces.Length);
        _lastProgress = time.GetTimestamp();
        for (var piece = 0; piece < claimed.Count; piece++)
        {
            if (claimed[piece])
                _unchecked++;
            else
                _wanted.Add(piece);
        }
    }

    public long Fetched { get; private set; }

    public long Resumed { get; private set; }

    public long Wasted { get; private set; }

    /// <summary>Completes at the next change. Take it before looking, then wait.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
                return _changed.Task;
        }
    }

    public bool IsHeld(int piece) => _held[piece];

    public PieceBits Held() => _held.Copy();

    /// <summary>Settles a piece of an earlier run.</summary>
    public void Checked(int piece, bool isProven)
    {
        lock (_lock)
        {
            _unchecked--;
            if (isProven)
            {
                Hold(piece);
                Resumed += _blob.LengthOf(piece);
            }
            else
            {
                _wanted.Add(piece);
                Note(null, null, $"Piece {piece} of the earlier run is not what it should be and is fetched again.");
            }

            Change();
        }
    }

    /// <summary>Decides what a worker does next.</summary>
    /// <exception cref="FaultException"><see cref="ReplicationFault.SourcesExhausted"/>.</exception>
    public PullStep Next()
    {
        lock (_lock)
        {
            if (_heldCount == _blob.Pieces.Length)
                return default;
            var now = _time.GetUtcNow();
            var states = Array.ConvertAll(_sources, static source => source.Look());
            foreach (var piece in _wanted)
            {
                if (Pick(piece, states, null) is not { } source)
                    continue;
                _wanted.Remove(piece);
                return Begin(piece, source, isHedge: false);
            }

            TimeSpan? wait = null;
            if (_wanted.Count == 0 && Hedge(states, out wait) is { } hedge)
                return hedge;
            if (_wanted.Count > 0)
            {
                // Sources that are busy or benched: somebody ends, or a bench does.
                foreach (var state in states)
                {
                    if (state.BenchedUntil is { } until && (wait is null || until - now < wait))
                        wait = until - now;
                }

                if (_flights.Count == 0 && _unchecked == 0)
                    ThrowIfHopeless(states, wait);
            }

            return new PullStep(null, wait, _changed.Task);
        }
    }

    /// <summary>A transfer gave a proven piece, and it is in its place.</summary>
    public void Landed(Flight flight)
    {
        lock (_lock)
        {
            flight.Source.Succeeded(flight.Attempt, _blob.LengthOf(flight.Piece));
            var others = End(flight);
            if (_held[flight.Piece])
            {
                Wasted += flight.Arrived;
            }
            else
            {
                Hold(flight.Piece);
                Fetched += _blob.LengthOf(flight.Piece);
                _lastProgress = _time.GetTimestamp();
            }

            foreach (var other in others)
                other.Stop.CancelAfter(TimeSpan.Zero);
            Change();
        }
    }

    /// <summary>A transfer failed, or was given up because another one of the same piece was faster (no failure).</summary>
    /// <exception cref="FaultException"><see cref="ReplicationFault.SourcesExhausted"/>: the piece failed too often.</exception>
    public void Crashed(Flight flight, SourceFailure? failure)
    {
        lock (_lock)
        {
            Wasted += flight.Arrived;
            var others = End(flight);
            if (others.Count == 0 && !_held[flight.Piece])
                _wanted.Add(flight.Piece);
            if (failure is null)
                flight.Source.Abandoned();
            else
                Blame(flight, failure);
            Change();
        }
    }

    /// <summary>A repetition has a proven piece that is not in its place yet: the first of them wins.</summary>
    /// <returns>The other transfers of the piece, told to stop; null when one of them has won already, or the piece is held.</returns>
    public List<Flight>? Win(Flight flight)
    {
        lock (_lock)
        {
            if (_held[flight.Piece] || _flights[flight.Piece].Exists(static other => other.HasWon))
                return null;
            flight.HasWon = true;
            var rivals = _flights[flight.Piece].Where(other => other != flight).ToList();
            foreach (var rival in rivals)
                rival.Stop.CancelAfter(TimeSpan.Zero);
            return rivals;
        }
    }

    /// <summary>A transfer gave a proven piece that is not needed, because a rival's is taken.</summary>
    public void Lost(Flight flight)
    {
        lock (_lock)
        {
            flight.Source.Succeeded(flight.Attempt, _blob.LengthOf(flight.Piece));
            Wasted += flight.Arrived;
            End(flight);
            Change();
        }
    }

    /// <summary>The pull as it stands.</summary>
    /// <param name="rate">Smoothed rate in bytes per second.</param>
    /// <param name="told">How many events were reported before.</param>
    public PullProgress Look(double rate, ref int told)
    {
        lock (_lock)
        {
            var news = _events.Skip(told).ToList();
            told = _events.Count;
            var inFlight = _flights.Values.Sum(static flights => (long)flights.Max(static flight => flight.Arrived));
            return new PullProgress(
                _blob.Size, Fetched + Resumed, inFlight, rate, _unchecked, [.. _sources.Select(static source => source.Look())], news);
        }
    }

    /// <summary>Bytes that have come over the network so far.</summary>
    public long Arrived()
    {
        lock (_lock)
            return Fetched + Wasted + _flights.Values.Sum(static flights => flights.Sum(static flight => (long)flight.Arrived));
    }

    /// <summary>The finished pull.</summary>
    public PullResult Finish(TimeSpan elapsed)
    {
        lock (_lock)
            return new PullResult(
                _blob.Digest, _blob.Size, Fetched, Resumed, Wasted, elapsed, [.. _sources.Select(static source => source.Look())], [.. _events]);
    }

    private void Blame(Flight flight, SourceFailure failure)
    {
        var bench = flight.Source.Failed(flight.Attempt, failure, _blob.Digest, flight.Piece);
        // What a source repeats is told once.
        if (_said.Count < MaxEvents && _said.Add((flight.Source.Source.Name, failure.Detail)))
            Note(
                flight.Source.Source.Name, failure.Reason,
                bench > TimeSpan.Zero
                    ? $"{flight.Source.Source.Name} is left alone for {bench.TotalSeconds:0.##} s: {failure.Detail.TrimEnd('.')}."
                    : $"{flight.Source.Source.Name}: {failure.Detail.TrimEnd('.')}.");
        if (failure.ConcernsOnePiece || failure.Reason == ReplicationFault.Lied)
        {
            if (!_avoid.TryGetValue(flight.Piece, out var avoided))
                _avoid[flight.Piece] = avoided = [];
            // Whoever lies about a piece may be asked for it again when all others were.
            avoided.Add(flight.Source);
            if (avoided.Count == _sources.Length && failure.Reason == ReplicationFault.Lied)
                avoided.Clear();
        }

        if (failure.Reason == ReplicationFault.NotHeld)
            _absences[flight.Source] = _absences.GetValueOrDefault(flight.Source) + 1;
        var failures = _failures[flight.Piece] = _failures.GetValueOrDefault(flight.Piece) + 1;
        if (failures >= _options.MaxFailuresPerPiece)
            throw Exhausted($"Piece {flight.Piece} failed {failures} times");
        if (!failure.IsConsidered)
            return;
        _refusals[(flight.Piece, flight.Source)] = _refusals.GetValueOrDefault((flight.Piece, flight.Source)) + 1;
        if (_sources.All(source => _refusals.GetValueOrDefault((flight.Piece, source)) >= _options.MaxRefusals || IsAvoided(flight.Piece, source, source.Look())))
            throw Exhausted($"Every source refuses piece {flight.Piece}");
    }

    private SourceHealth? Pick(int piece, SourceState[] states, Flight? rival)
    {
        SourceHealth? best = null;
        var bestScore = double.NegativeInfinity;
        for (var i = 0; i < _sources.Length; i++)
        {
            var (source, state) = (_sources[i], states[i]);
            if (state.IsBenched || state.Active >= _options.TransfersPerSource || source == rival?.Source || IsAvoided(piece, source, state))
                continue;
            // One that was not tried yet is worth a try; otherwise who would give this piece the most of its rate.
            var score = state.BytesPerSecond == 0 ? 1e15 / (state.Active + 1) : state.BytesPerSecond / (state.Active + 1);
            if (score > bestScore)
                (best, bestScore) = (source, score);
        }

        return best;
    }

    private bool IsAvoided(int piece, SourceHealth source, SourceState state)
        => (_avoid.TryGetValue(piece, out var avoided) && avoided.Contains(source))
            || (state.Pieces == 0 && _absences.GetValueOrDefault(source) >= AbsencesToLeave);

    private PullStep? Hedge(SourceState[] states, out TimeSpan? wait)
    {
        wait = null;
        foreach (var flights in _flights.Values.Where(static flights => flights is [{ HasWon: false }]).OrderBy(static flights => flights[0].Began))
        {
            var slow = flights[0];
            if (Pick(slow.Piece, states, slow) is not { } other)
                continue;
            var rate = other.Look().BytesPerSecond;
            var needs = rate > 0 ? TimeSpan.FromSeconds(2 * _blob.LengthOf(slow.Piece) / rate) : TimeSpan.Zero;
            var due = (needs > _options.HedgeAfter ? needs : _options.HedgeAfter) - _time.GetElapsedTime(slow.Began);
            if (due <= TimeSpan.Zero)
            {
                Note(other.Source.Name, null, $"Piece {slow.Piece} is slow from {slow.Source.Source.Name} and is fetched from {other.Source.Name} as well.");
                return Begin(slow.Piece, other, isHedge: true);
            }

            if (wait is null || due < wait)
                wait = due;
        }

        return null;
    }

    private PullStep Begin(int piece, SourceHealth source, bool isHedge)
    {
        var flight = new Flight(piece, source, source.Begin(), isHedge, _time.GetTimestamp());
        if (!_flights.TryGetValue(piece, out var flights))
            _flights[piece] = flights = [];
        flights.Add(flight);
        return new PullStep(flight, null, null);
    }

    private List<Flight> End(Flight flight)
    {
        var flights = _flights[flight.Piece];
        flights.Remove(flight);
        if (flights.Count == 0)
            _flights.Remove(flight.Piece);
        flight.Ended.SetResult();
        return flights;
    }

    private void Hold(int piece)
    {
        _wanted.Remove(piece);
        if (_held.Set(piece))
            _heldCount++;
    }

    /// <summary>Nothing is in flight and every source of every wanted piece is benched or lacks it.</summary>
    private void ThrowIfHopeless(SourceState[] states, TimeSpan? wait)
    {
        if (_sources.Length == 0)
            throw Exhausted("No source is known");
        var stuck = _wanted.FirstOrDefault(piece => !_sources.Where((source, i) => !IsAvoided(piece, source, states[i])).Any(), -1);
        if (stuck >= 0)
            throw Exhausted($"No source has piece {stuck}");
        if (_time.GetElapsedTime(_lastProgress) + (wait ?? TimeSpan.Zero) > _options.GiveUpAfter)
            throw Exhausted($"No piece arrived for {_time.GetElapsedTime(_lastProgress).TotalSeconds:0} s");
    }

    private FaultException Exhausted(string what)
    {
        var states = _sources.Select(static source => source.Look()).ToList();
        var reasons = string.Join("; ", states.Select(static state => $"{state.Name}: {state.LastFailure?.Detail.TrimEnd('.') ?? "no failure"}"));
        var cures = states.Select(static state => state.LastFailure?.Cure).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return Fault.Of(
            ReplicationFault.SourcesExhausted, FaultKind.Unavailable,
            $"{what} of {_blob.Digest}: {(reasons.Length == 0 ? "the list of sources is empty" : reasons)}.",
            cures.Count > 0 ? $"{string.Join(' ', cures)} Then pull again; what was fetched is kept." : "Pull again later; what was fetched is kept.").ToException();
    }

    private void Note(string? source, ReplicationFault? reason, string text)
    {
        if (_events.Count < MaxEvents)
            _events.Add(new PullEvent(_time.GetUtcNow(), source, reason, text));
    }

    private void Change()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
