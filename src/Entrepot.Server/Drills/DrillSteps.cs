using Entrepot.Core.Faults;
using Entrepot.Server.Api;

namespace Entrepot.Server.Drills;

/// <summary>The steps of one drill, each with a deadline.</summary>
internal sealed class DrillSteps(TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private readonly List<DrillStep> _steps = [];

    /// <summary>The steps so far.</summary>
    public IReadOnlyList<DrillStep> All => _steps;

    /// <summary>True while none has failed.</summary>
    public bool Passed => _steps.TrueForAll(static step => step.Passed);

    /// <summary>Does something.</summary>
    /// <param name="text">What should happen.</param>
    /// <param name="action">Does it and says what it saw; a fault is a failure.</param>
    /// <exception cref="DrillEndedException">It failed.</exception>
    public async Task DoAsync(string text, Func<Task<string>> action)
    {
        var began = time.GetTimestamp();
        try
        {
            Add(text, true, began, await action());
        }
        catch (Exception error) when (error is FaultException or HttpRequestException or IOException or TimeoutException)
        {
            Add(text, false, began, error.Message);
        }
    }

    /// <summary>Waits for something.</summary>
    /// <param name="text">What should become true.</param>
    /// <param name="look">What was seen when it is true, else null.</param>
    /// <param name="within">Until when it must be.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DrillEndedException">It did not become true.</exception>
    public async Task WaitAsync(string text, Func<string?> look, TimeSpan within, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        string? seen;
        while ((seen = look()) is null && time.GetElapsedTime(began) < within)
            await Task.Delay(LookEvery, time, cancellation);
        Add(text, seen is not null, began, seen ?? $"not within {within.TotalSeconds:0} s");
    }

    private void Add(string text, bool passed, long began, string detail)
    {
        _steps.Add(new DrillStep(text, passed, Math.Round(time.GetElapsedTime(began).TotalSeconds, 3), detail));
        if (!passed)
            throw new DrillEndedException();
    }
}

/// <summary>Ends a drill whose step failed; the steps say which.</summary>
internal sealed class DrillEndedException : Exception;
