namespace Entrepot.Mirror.Replication;

/// <summary>Cancels a transfer that makes too little progress. Time spent at our own disk does not count against the source.</summary>
internal sealed class StallWatch : IDisposable
{
    private readonly TransferLimits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly ITimer _timer;
    private readonly TimeSpan _deadline;
    private readonly long _began;
    private long _recent;
    private volatile bool _paused;
    private volatile string? _verdict;

    public StallWatch(TransferLimits limits, int length, TimeProvider time, CancellationToken cancellation)
    {
        _limits = limits;
        _time = time;
        _deadline = limits.DeadlineFor(length);
        _began = time.GetTimestamp();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _timer = time.CreateTimer(static watch => ((StallWatch)watch!).Look(), this, limits.StallWindow, limits.StallWindow);
    }

    /// <summary>Cancelled on a stall and by the caller.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>What was seen when the transfer was cancelled for its slowness; null otherwise.</summary>
    public string? Verdict => _verdict;

    /// <summary>Bytes have arrived.</summary>
    public void Progress(int bytes) => Interlocked.Add(ref _recent, bytes);

    /// <summary>The source is not being waited for.</summary>
    public void Pause() => _paused = true;

    /// <summary>The source is being waited for again.</summary>
    public void Resume() => _paused = false;

    public void Dispose()
    {
        _timer.Dispose();
        _stop.Dispose();
    }

    private void Look()
    {
        var recent = Interlocked.Exchange(ref _recent, 0);
        if (_paused)
            return;
        if (recent < _limits.StallBytes)
            _verdict = $"stalled: {recent} bytes in {_limits.StallWindow.TotalSeconds:0.#} s";
        else if (_time.GetElapsedTime(_began) >= _deadline)
            _verdict = $"too slow: the piece was not complete after {_deadline.TotalSeconds:0} s";
        else
            return;
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The transfer ended at this very moment.
        }
    }
}
