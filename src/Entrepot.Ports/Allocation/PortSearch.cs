using System.Globalization;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>One run of the allocator: tries wishes one after the other and keeps what was considered. Used once.</summary>
internal sealed class PortSearch(PortRequest request, PortConstraint[] constraints, int? previous, PortRanking ranking)
{
    private const int LargestSecondLook = 4096;  // larger bands are not walked again only to word the reason

    private readonly List<PortCandidate> _candidates = [];
    private readonly List<string> _refusals = [];
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
        if (previous is { } last && pool.Contains(last) && pool.Contains(last + request.Ports - 1) && pool.Strategy != PoolStrategy.Static && !IsListed(last))
        {
            if (Try(last, step, "kept from the last start"))
                return true;
            Missed(last);
        }

        var before = 0;
        foreach (var (first, end) in pool.DynamicBands(request.Ports))
        {
            if (!ranking.Load(first, end))
                continue;
            var winner = ranking.Best();
            before += ListRefused(first, end, winner?.Rank, step);
            if (winner is { } chosen)
                return Try(chosen.Port, step, Choice(chosen, before, pool, end - first < LargestSecondLook));
        }

        if (pool.Strategy != PoolStrategy.Static)
            Exhausted(pool, step);
        return false;
    }

    public PortDecision Chosen()
    {
        var port = Name(_port);
        var reason = _refusals.Count == 0
            ? $"{port} is {_choice}."
            : _step == PortStep.Emergency
                ? $"{Refusals(", ")}, moved to the emergency port {port}."
                : $"{Refusals(", ")}, moved to {port}, {_choice}.";
        return Decision(_port, _step, reason);
    }

    public PortDecision LeaveToKernel()
        => new(PortRequest.AnyPort, PortStep.Kernel, "Any free port was asked for: the kernel picks.", null, null, _candidates, _omitted);

    public PortDecision Refused()
        => Decision(null, null, $"No port is left: {Refusals("; ")}.");

    /// <summary>What the rules say of a port, or of the block that it begins.</summary>
    public PortCandidate Consider(int port, PortStep step, PortObjection? own = null)
    {
        var objections = new List<PortObjection>();
        if (own is not null)
            objections.Add(own);
        for (var member = port; member < port + request.Ports && member <= PortSet.MaxPort; member++)
        {
            var vetoed = false;
            foreach (var constraint in constraints)
            {
                if (!constraint.Ports.Contains(member) || (constraint.Effect == PortEffect.Warning && objections.Exists(known => known.Rule == constraint.Rule)))
                    continue;
                vetoed |= constraint.Effect == PortEffect.Veto;
                objections.Add(member == port ? constraint.On(member) : InBlock(constraint.On(member), member));
            }

            if (vetoed)
                break;
        }

        return new PortCandidate(port, step, objections);
    }

    private static PortObjection InBlock(PortObjection objection, int member)
        => objection with { Text = $"begins a block in which {PortAllocator.Text(member)} {objection.Text}" };

    private PortDecision Decision(int? port, PortStep? step, string reason) => new(port, step, reason, _shouldBe, _obstacle, _candidates, _omitted)
    {
        Ports = request.Ports,
        Seed = request.Mode == AllocationMode.Random ? ranking.Seed : null,
        Scorer = ranking.Scores,
    };

    private string Name(int port) => request.Ports == 1
        ? PortAllocator.Text(port)
        : string.Create(CultureInfo.InvariantCulture, $"{port}–{port + request.Ports - 1}");

    private string Choice(PortWinner winner, int before, PortPool pool, bool secondLook)
    {
        var range = request.Ports == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", {request.Ports} adjacent ports");
        if (request.Mode == AllocationMode.Lowest)
            return $"the lowest that is free in {pool}{range}";
        if (request.Mode == AllocationMode.Random)
            return string.Create(CultureInfo.InvariantCulture, $"drawn at random from the {winner.Level} best of {pool}{range}");
        if (secondLook ? ranking.ScoresDecided(winner) : winner.Level < winner.Allowed)
            return winner.Level == 1
                ? $"the best of {pool} by score{range}"
                : string.Create(CultureInfo.InvariantCulture, $"among the {winner.Level} best of {pool} by score, and of those the first by stable hash{range}");
        var choice = before == 0 ? "the first choice" : string.Create(CultureInfo.InvariantCulture, $"choice {before + 1}");
        return $"{choice} of {pool} by stable hash{range}";
    }

    private static string CountName(PortRule rule) => rule switch
    {
        PortRule.Leased => "leased",
        PortRule.Bound => "bound",
        PortRule.FoundTaken => "found taken",
        PortRule.CoolingDown => "cooling down",
        PortRule.Forbidden => "forbidden",
        PortRule.BrowserBlocked => "refused by browsers",
        PortRule.Privileged => "privileged",
        PortRule.Ephemeral => "in the range for outgoing connections",
        PortRule.Excluded => "excluded by Windows",
        PortRule.NodePort => "kept for Kubernetes",
        PortRule.Compliance => "against the policy",
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

    /// <summary>Lists the refused ports that would have come before the chosen one, or all if there is none, best first.</summary>
    /// <returns>How many there are, listed or not.</returns>
    private int ListRefused(int first, int last, PortRank? threshold, PortStep step)
    {
        var count = 0;
        var listed = _candidates.Count(candidate => candidate.Port >= first && candidate.Port <= last - request.Ports + 1
            && (threshold is null || ranking.Rank(candidate.Port) > threshold));
        PriorityQueue<int, PortRank>? best = null;  // the last of them on top
        ranking.VisitRefused(threshold, (port, rank) =>
        {
            count++;
            best ??= new PriorityQueue<int, PortRank>();
            var full = best.Count == PortAllocator.MaxListed;
            if ((full && best.TryPeek(out _, out var last) && rank <= last) || IsListed(port))
                return;
            if (full)
                best.EnqueueDequeue(port, rank);
            else
                best.Enqueue(port, rank);
        });
        if (best is null)
            return count;
        var ports = new int[best.Count];
        for (var index = ports.Length - 1; index >= 0; index--)
            ports[index] = best.Dequeue();
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
        _refusals.Add(request.Ports == 1
            ? string.Create(CultureInfo.InvariantCulture, $"all {pool.Size} ports of {pool} are refused: {tally}")
            : string.Create(CultureInfo.InvariantCulture, $"no {request.Ports} adjacent ports of {pool} are free: {(tally.Length == 0 ? "it is too small" : tally)}"));
        if (_shouldBe is null && step == PortStep.Pool && _candidates.Find(candidate => candidate.Step == step) is { } firstChoice)
        {
            _shouldBe = firstChoice.Port;
            _obstacle = FirstVeto(firstChoice);
        }
    }
}
