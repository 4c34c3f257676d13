namespace Entrepot.Mirror.Replication;

/// <summary>One transfer of one piece from one source.</summary>
internal sealed class Flight(int piece, SourceHealth source, SourceAttempt attempt, bool isHedge, long began)
{
    public int Piece => piece;

    public SourceHealth Source => source;

    public SourceAttempt Attempt => attempt;

    /// <summary>True when another transfer of the same piece was under way when this one began.</summary>
    public bool IsHedge => isHedge;

    public long Began => began;

    public CancellationTokenSource Stop { get; } = new();

    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when this repetition is the one whose bytes are taken. Guarded by the plan's lock.</summary>
    public bool HasWon { get; set; }

    /// <summary>Bytes that have arrived.</summary>
    public int Arrived { get; set; }
}

/// <summary>What a worker does next: fly, wait, or stop because the pull has ended.</summary>
internal readonly record struct PullStep(Flight? Flight, TimeSpan? Wait, Task? Changed)
{
    public bool IsEnd => Flight is null && Changed is null;
}
