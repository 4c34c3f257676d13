using System.Globalization;
using System.Numerics;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>One run of the allocator: tries wishes one after the other and keeps what was considered. Used once.</summary>
internal sealed class PortSearch(PortRequest request, PortConstraint[] constraints, int? previous)
{
    private readonly List<PortCandidate> _candidates = [];
    private readonly List<string> _refusals = [];
    private readonly ulong _seed = StableOrder.Seed(request);
    private int _omitted;
    private int? _shouldBe;
    private PortObjection? _obstacle;
    private int _port;
    private PortStep _step;
    private string _choice = "";

    public bool TryWanted(int wanted)
    {
        var outside = request.Pool is { Strategy: PoolStrategy.Static } pool && !pool.Contains(wanted)
            ? new PortObjection(PortRule.OutsidePool, PortEffect.Veto, $"is not in the static {pool}")
            : null;
        if (Try(wanted, PortStep.Wanted, wanted == previous ? "kept from the last start" : "wanted and free", outside))
            return true;
        Missed(wanted);
        return false;
    }

    public bool TryPrevious(PortStep step)
        => previous is { } port && Try(port, step, "kept from the last start");

    public bool TryEmergency(int port)
    {
        if (Try(port, PortStep.Emergency, "the emergency port"))
            return true;
        Refuse(_candidates[^1]);
        return false;
    }

    public bool TryKernelPick(int port)
    {
        if (Try(port, PortStep.Kernel, "picked by the kernel, as any free port was asked for"))
            return true;
        Refuse(_candidates[^1]);
        return false;
    }

    public bool TryPool(PortPool pool, PortStep step)
    {
        if (previous is { } last && pool.Contains(last) && pool.Strategy != PoolStrategy.Static && !IsListed(last))
        {
            if (Try(last, step, "kept from the last start"))
                return true;
            Missed(last);
        }

        Span<ulong> vetoed = stackalloc ulong[PortSet.WordCount];
        var rank = 0;
        foreach (var (first, end) in pool.DynamicBands())
        {
            Vetoes(first, end, vetoed);
            var (port, weight) = Heaviest(first, end, vetoed);
            rank += ListRefused(first, end, vetoed, weight, port is null, step);
            if (port is not { } chosen)
                continue;
            var choice = rank == 0 ? "the first choice" : string.Create(CultureInfo.InvariantCulture, $"choice {rank + 1}");
            return Try(chosen, step, $"{choice} of {pool} by stable hash");
        }

        if (pool.Strategy != PoolStrategy.Static)
            Exhausted(pool, step);
        return false;
    }

    public PortDecision Chosen()
    {
        var port = PortAllocator.Text(_port);
        var reason = _refusals.Count == 0
            ? $"{port} is {_choice}."
            : _step == PortStep.Emergency
                ? $"{Refusals(", ")}, moved to the emergency port {port}."
                : $"{Refusals(", ")}, moved to {port}, {_choice}.";
        return new PortDecision(_port, _step, reason, _shouldBe, _obstacle, _candidates, _omitted);
    }

    public PortDecision LeaveToKernel()
        => new(PortRequest.AnyPort, PortStep.Kernel, "Any free port was asked for: the kernel picks.", null, null, _candidates, _omitted);

    public PortDecision Refused()
        => new(null, null, $"No port is left: {Refusals("; ")}.", _shouldBe, _obstacle, _candidates, _omitted);

    private static string CountName(PortRule rule) => rule switch
    {
        PortRule.Leased => "leased",
        PortRule.Bound => "bound",
        PortRule.FoundTaken => "found taken",
        PortRule.CoolingDown => "cooling down",
        PortRule.Forbidden => "forbidden",
        PortRule.BrowserBlocked => "refused by browsers",
        PortRule.Privileged => "privileged",
        _ => "refused by another rule",
    };

    private string Refusals(string separator)
    {
        var text = string.Join(separator, _refusals);
        return text.Length == 0 ? "nothing was asked for" : char.ToUpperInvariant(text[0]) + text[1..];
    }

    private bool Try(int port, PortStep step, string choice, PortObjection? own = null)
    {
        var candidate = Consider(port, step, own);
        _candidates.Add(candidate);
        (_port, _step, _choice) = (port, step, choice);
        return candidate.Allowed;
    }

    private PortCandidate Consider(int port, PortStep step, PortObjection? own = null)
    {
        var objections = new List<PortObjection>();
        if (own is not null)
            objections.Add(own);
        foreach (var constraint in constraints)
        {
            if (constraint.Ports.Contains(port))
                objections.Add(constraint.On(port));
        }

        return new PortCandidate(port, step, objections);
    }

    /// <summary>The service does not get the port that it should have had.</summary>
    private void Missed(int port)
    {
        var candidate = _candidates[^1];
        Refuse(candidate);
        if (_shouldBe is not null)
            return;
        _shouldBe = port;
        _obstacle = FirstVeto(candidate);
    }

    private void Refuse(PortCandidate candidate)
        => _refusals.Add($"{PortAllocator.Text(candidate.Port)} {FirstVeto(candidate).Text}");

    private static PortObjection FirstVeto(PortCandidate candidate)
        => candidate.Objections.First(static objection => objection.Effect == PortEffect.Veto);

    private bool IsListed(int port)
    {
        foreach (var candidate in _candidates)
        {
            if (candidate.Port == port)
                return true;
        }

        return false;
    }

    /// <summary>Fills the words that cover a range with the union of all vetoes.</summary>
    private void Vetoes(int first, int last, Span<ulong> vetoed)
    {
        var (from, to) = (first >> 6, last >> 6);
        vetoed[from..(to + 1)].Clear();
        foreach (var constraint in constraints)
        {
            if (constraint.Effect != PortEffect.Veto)
                continue;
            var words = constraint.Ports.Words;
            for (var index = from; index <= to; index++)
                vetoed[index] |= words[index];
        }
    }

    private (int? Port, ulong Weight) Heaviest(int first, int last, ReadOnlySpan<ulong> vetoed)
    {
        int? best = null;
        var heaviest = 0UL;
        for (var index = first >> 6; index <= last >> 6; index++)
        {
            for (var free = ~vetoed[index] & PortSet.WordOfRange(index, first, last); free != 0; free &= free - 1)
            {
                var port = (index << 6) + BitOperations.TrailingZeroCount(free);
                var weight = StableOrder.Weight(_seed, port);
                if (best is null || weight > heaviest)
                    (best, heaviest) = (port, weight);
            }
        }

        return (best, heaviest);
    }

    /// <summary>Lists the refused ports that would have come before the chosen one, or all if there is none, heaviest first.</summary>
    /// <returns>How many there are, listed or not.</returns>
    private int ListRefused(int first, int last, ReadOnlySpan<ulong> vetoed, ulong threshold, bool all, PortStep step)
    {
        var count = 0;
        var listed = _candidates.Count(candidate => candidate.Port >= first && candidate.Port <= last
            && (all || StableOrder.Weight(_seed, candidate.Port) > threshold));
        PriorityQueue<int, ulong>? heaviest = null;  // the lightest of them on top
        for (var index = first >> 6; index <= last >> 6; index++)
        {
            for (var refused = vetoed[index] & PortSet.WordOfRange(index, first, last); refused != 0; refused &= refused - 1)
            {
                var port = (index << 6) + BitOperations.TrailingZeroCount(refused);
                var weight = StableOrder.Weight(_seed, port);
                if (!all && weight <= threshold)
                    continue;
                count++;
                heaviest ??= new PriorityQueue<int, ulong>();
                var full = heaviest.Count == PortAllocator.MaxListed;
                if ((full && heaviest.TryPeek(out _, out var lightest) && weight <= lightest) || IsListed(port))
                    continue;
                if (full)
                    heaviest.EnqueueDequeue(port, weight);
                else
                    heaviest.Enqueue(port, weight);
            }
        }

        if (heaviest is null)
            return count;
        var ports = new int[heaviest.Count];
        for (var index = ports.Length - 1; index >= 0; index--)
            ports[index] = heaviest.Dequeue();
        foreach (var port in ports)
            _candidates.Add(Consider(port, step));
        _omitted += count - listed - ports.Length;
        return count;
    }

    private void Exhausted(PortPool pool, PortStep step)
    {
        var counts = new SortedDictionary<PortRule, int>();
        for (var port = pool.First; port <= pool.Last; port++)
        {
            foreach (var constraint in constraints)
            {
                if (constraint.Effect != PortEffect.Veto || !constraint.Ports.Contains(port))
                    continue;
                counts[constraint.Rule] = counts.GetValueOrDefault(constraint.Rule) + 1;
                break;
            }
        }

        var tally = string.Join(", ", counts.Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {CountName(pair.Key)}")));
        _refusals.Add(string.Create(CultureInfo.InvariantCulture, $"all {pool.Size} ports of {pool} are refused: {tally}"));
        if (_shouldBe is null && step == PortStep.Pool && _candidates.Find(candidate => candidate.Step == step) is { } firstChoice)
        {
            _shouldBe = firstChoice.Port;
            _obstacle = FirstVeto(firstChoice);
        }
    }
}
