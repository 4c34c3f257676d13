using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>How far the background pass has come, and what it is to do next. Kept in the database, so that a restart goes on there.</summary>
/// <param name="StartedAt">When the pass began, UTC.</param>
/// <param name="FinishedAt">When it ended; null while it is under way.</param>
/// <param name="IsDeep">True when it computes SHA-256 of every piece.</param>
/// <param name="DeepAt">When the last deep pass began; the first pass's start before there was one.</param>
/// <param name="Cursor">The last blob that was read; null at the start.</param>
/// <param name="NextPiece">The piece of that blob to go on with; 0 when it is done.</param>
internal sealed record ScrubState(
    DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, bool IsDeep, DateTimeOffset DeepAt, Sha256Digest? Cursor, int NextPiece)
{
    /// <summary>The pass to work on now: the one under way, or a new one when it is due.</summary>
    /// <returns>Null when there is nothing to do before <see cref="NextAt"/>.</returns>
    public static ScrubState? Due(ScrubState? last, DateTimeOffset now, ScrubOptions options)
    {
        if (last is null)
            return new ScrubState(now, null, false, now, null, 0);
        if (last.FinishedAt is null)
            return last;
        if (now < last.NextAt(options))
            return null;
        var deep = now - last.DeepAt >= options.DeepCycle;
        return new ScrubState(now, null, deep, deep ? now : last.DeepAt, null, 0);
    }

    /// <summary>When the pass after this one begins.</summary>
    public DateTimeOffset NextAt(ScrubOptions options) => StartedAt + options.Cycle;
}
