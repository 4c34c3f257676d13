using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;

namespace Entrepot.Server.Drills;

/// <summary>Runs drills, one at a time, and journals what they came to.</summary>
internal sealed class DrillBook(IReadOnlyList<IDrill> drills, StateDatabase state, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _running = new(1, 1);

    /// <summary>Runs one.</summary>
    /// <param name="name">Which.</param>
    /// <param name="request">How.</param>
    /// <param name="actor">Who asks, as in the journal.</param>
    /// <param name="cancellation">Gives up; the journal says so.</param>
    /// <exception cref="FaultException"><see cref="DrillFault"/>: it did not take place.</exception>
    public async Task<DrillDocument> RunAsync(string name, DrillRequest request, string actor, CancellationToken cancellation)
    {
        var drill = drills.FirstOrDefault(drill => drill.Name == name)
            ?? throw Fault.Of(
                DrillFault.Unknown, FaultKind.NotFound, $"There is no drill '{name}'.",
                $"Known are {string.Join(", ", drills.Select(static drill => drill.Name))}.").ToException();
        if (request.Rounds is < 1 or > DrillLimits.MaxRounds)
            throw Fault.Of(DrillFault.Rounds, FaultKind.Invalid, $"{request.Rounds} rounds can't be gone through.", $"Use 1–{DrillLimits.MaxRounds}.").ToException();
        if (!await _running.WaitAsync(0, cancellation))
            throw Fault.Of(DrillFault.Busy, FaultKind.Conflict, "Another drill is going on.", "Try again when it has ended.").ToException();
        try
        {
            return await RunAsync(drill, request, actor, cancellation);
        }
        finally
        {
            _running.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _running.Dispose();

    private async Task<DrillDocument> RunAsync(IDrill drill, DrillRequest request, string actor, CancellationToken cancellation)
    {
        var (began, start) = (time.GetUtcNow(), time.GetTimestamp());
        var steps = new DrillSteps(time);
        var outcome = "ended early";
        try
        {
            await drill.RunAsync(steps, request, cancellation);
            outcome = "passed";
        }
        catch (DrillEndedException)
        {
            outcome = "failed";
        }
        finally
        {
            var last = steps.All.Count == 0 ? null : $"{steps.All[^1].Text}: {steps.All[^1].Detail}";
            await state.WriteAsync(
                transaction => JournalTable.Append(transaction, new JournalEntry(
                    time.GetUtcNow(), actor, $"drill.{drill.Name}", "*", JournalDetails.Of(("outcome", outcome), ("last", last)))
                {
                    Result = outcome == "passed" ? JournalResult.Done : JournalResult.Failed,
                }),
                CancellationToken.None);
        }

        return new DrillDocument(drill.Name, outcome == "passed", began, Math.Round(time.GetElapsedTime(start).TotalSeconds, 3), steps.All);
    }
}
