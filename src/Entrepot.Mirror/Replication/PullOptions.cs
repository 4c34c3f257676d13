namespace Entrepot.Mirror.Replication;

/// <summary>How a pull behaves.</summary>
public sealed record PullOptions
{
    /// <summary>Transfers at once to one source; at least 1. Two keep a line busy between pieces.</summary>
    public int TransfersPerSource { get; init; } = 2;

    /// <summary>Transfers at once in all; at least 1.</summary>
    public int MaxTransfers { get; init; } = 8;

    /// <summary>Failed attempts at one piece, over all sources, before the pull fails; at least 1.</summary>
    public int MaxFailuresPerPiece { get; init; } = 24;

    /// <summary>So many considered refusals of one piece (<see cref="SourceFailure.IsConsidered"/>) by every source end the pull; at least 1.</summary>
    public int MaxRefusals { get; init; } = 3;

    /// <summary>How long the pull goes on without a single new piece while every source fails.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A transfer among the last ones is repeated at another source after this time, and after twice the time that source would need.</summary>
    public TimeSpan HedgeAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often progress is reported and the state file is written.</summary>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>When a source is given up on.</summary>
    public TransferLimits Transfer { get; init; } = TransferLimits.Default;
}
