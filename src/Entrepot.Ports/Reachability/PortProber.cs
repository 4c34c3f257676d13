using System.Collections.Immutable;

namespace Entrepot.Ports.Reachability;

/// <summary>Limits of probing.</summary>
public sealed record ProbeOptions
{
    /// <summary>How long one try waits. Default 2 s: a retransmitted SYN comes after one (RFC 6298 §2), so one lost packet is forgiven.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most tries for one port. Default 4.</summary>
    public int MaxTries { get; init; } = 4;

    /// <summary>Most ports tried at once. Default 16.</summary>
    public int Concurrency { get; init; } = 16;
}

/// <summary>Finds out which ports can be reached from here: so many at once, each until two tries agree.</summary>
/// <param name="transport">Makes the tries.</param>
/// <param name="options">Limits, or null for the defaults.</param>
/// <param name="time">The clock that answers are timed with, or null for the system's.</param>
public sealed class PortProber(IProbeTransport transport, ProbeOptions? options = null, TimeProvider? time = null)
{
    private readonly ProbeOptions _options = options ?? new ProbeOptions();
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Probes ports.</summary>
    /// <returns>The results in the order of the targets.</returns>
    public async Task<IReadOnlyList<ProbeResult>> ProbeAsync(IReadOnlyList<ProbeTarget> targets, CancellationToken cancellation)
    {
        var results = new ProbeResult[targets.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, targets.Count), new ParallelOptions { MaxDegreeOfParallelism = _options.Concurrency, CancellationToken = cancellation },
            async (index, token) => results[index] = await ProbeAsync(targets[index], token));
        return results;
    }

    /// <summary>Probes one port.</summary>
    public async Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellation)
    {
        var answers = ImmutableArray<ProbeAnswer>.Empty;
        TimeSpan? quickest = null;
        for (var tries = 1; ; tries++)
        {
            var begun = _time.GetTimestamp();
            var answer = await transport.TryAsync(target, _options.Patience, cancellation);
            if (answer is ProbeAnswer.Answered or ProbeAnswer.Refused && _time.GetElapsedTime(begun) is var took && !(took >= quickest))
                quickest = took;
            answers = answers.Add(answer);
            if (ProbeJudge.Judge(target.Protocol, answers, tries >= _options.MaxTries) is { } result)
                return result with { Latency = quickest, Lost = quickest is null ? null : answers.Count(static one => one == ProbeAnswer.Silence) };
        }
    }
}
