namespace Entrepot.Server.Client;

/// <summary>Cancels a request that moves no byte for too long: a connection that is black-holed never fails by itself. While the body is sent
/// each block counts; then the answer has to come.</summary>
internal sealed class UploadWatch : IDisposable
{
    private readonly UploadLimits _limits;
    private readonly CancellationTokenSource _stop;
    private readonly ITimer _timer;
    private volatile string? _verdict;
    private volatile bool _isSent;

    public UploadWatch(UploadLimits limits, bool hasBody, TimeProvider time, CancellationToken cancellation)
    {
        _limits = limits;
        _isSent = !hasBody;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _timer = time.CreateTimer(static watch => ((UploadWatch)watch!).Expire(), this, limits.StallAfter, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancelled on a stall and by the caller.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>What was seen when the request was cancelled for a stall; null otherwise.</summary>
    public string? Verdict => _verdict;

    /// <summary>The connection took bytes.</summary>
    public void Progress() => _timer.Change(_limits.StallAfter, Timeout.InfiniteTimeSpan);

    /// <summary>The connection took the last byte: the other side makes them durable and answers.</summary>
    public void Sent()
    {
        _isSent = true;
        _timer.Change(_limits.AnswerWithin, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _stop.Dispose();
    }

    private void Expire()
    {
        _verdict = _isSent ? "did not answer in time" : $"took no byte for {_limits.StallAfter.TotalSeconds:0} s";
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The request ended at this very moment.
        }
    }
}
