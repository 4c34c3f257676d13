using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Audit;

/// <summary>Looks after a journal: signs what is due, and takes out what retention says.</summary>
internal sealed class JournalKeeper(StateDatabase state, JournalSettings settings, TimeProvider time, ILogger logger)
{
    /// <summary>Time between two looks. A checkpoint is late by no more than this.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Time between two rounds of retention, whose terms are days.</summary>
    private static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    private DateTimeOffset _retained = DateTimeOffset.MinValue;

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation)
        => Rounds.RunAsync(Look, time, RoundAsync, error => AuditLog.KeepingFailed(logger, error.Message), cancellation);

    /// <summary>One round.</summary>
    internal async Task RoundAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (JournalKeeping.Upkeep(state).IsCheckpointDue(settings.CheckpointEntries, settings.CheckpointInterval, now)
            && await JournalKeeping.CheckpointAsync(state, now, cancellation) is { } checkpoint)
            AuditLog.CheckpointMade(logger, checkpoint.Journal, checkpoint.First, checkpoint.Last, checkpoint.Hash, checkpoint.SignatureText);
        if (now - _retained < Retention)
            return;
        var retention = settings.Resolve();
        if (retention.Pseudonymise is { } pseudonymise && await JournalKeeping.PseudonymiseAsync(state, now - pseudonymise, now, cancellation) is > 0 and var covered)
            AuditLog.Pseudonymised(logger, covered);
        if (await JournalKeeping.ExpireAsync(state, now - retention.Keep, now, cancellation) is > 0 and var gone)
            AuditLog.Expired(logger, gone);
        _retained = now;
    }
}
