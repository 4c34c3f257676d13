namespace Entrepot.Ports.Guard;

/// <summary>When a service changes its port. Pure.</summary>
/// <param name="Period">Time from one change to the next.</param>
/// <param name="Overlap">For how long the old and the new port are both served; at most half of the period.</param>
public sealed record RotationSchedule(TimeSpan Period, TimeSpan Overlap)
{
    /// <summary>The shortest period: below it clients would follow more than they download.</summary>
    public static TimeSpan ShortestPeriod { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Share of the period by which the moment of a change is drawn earlier or later, so that it can't be foretold to the second
    /// and the nodes of a network do not all move at once.</summary>
    public const double Jitter = 0.1;

    /// <summary>What is wrong with it, each a sentence; empty when nothing is.</summary>
    public IReadOnlyList<string> Mistakes()
    {
        var mistakes = new List<string>();
        if (Period < ShortestPeriod)
            mistakes.Add($"A rotation every {Period.TotalSeconds:0.#} s is too fast: the shortest period is {ShortestPeriod.TotalSeconds:0} s.");
        if (Overlap <= TimeSpan.Zero)
            mistakes.Add("A rotation needs an overlap: without one, clients that were just sent to the old port would find it closed.");
        if (Overlap > Period / 2)
            mistakes.Add($"An overlap of {Overlap.TotalSeconds:0.#} s is more than half of the period of {Period.TotalSeconds:0.#} s.");
        return mistakes;
    }

    /// <summary>How long to wait before the next change.</summary>
    /// <param name="drawn">A random number, 0–1.</param>
    public TimeSpan Wait(double drawn) => Period * (1 - Jitter + (2 * Jitter * drawn));

    /// <summary>How long to wait before a change that failed is tried again: a tenth of the period, at most 5 minutes and twice as long
    /// after each failure.</summary>
    /// <param name="failures">Failures in a row, from 1.</param>
    public TimeSpan Retry(int failures)
    {
        var wait = Period / 10 * Math.Pow(2, Math.Min(failures, 16) - 1);
        var most = TimeSpan.FromMinutes(5) < Period ? TimeSpan.FromMinutes(5) : Period;
        return wait < most ? wait : most;
    }
}
