using System.Threading.RateLimiting;
using Entrepot.Core.Faults;

namespace Entrepot.Server.Push;

/// <summary>Lets so many uploads through at once and so many wait, in order; whoever comes then is told to come again.</summary>
internal sealed class PushGate(PushOptions options, TimeProvider time) : IDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.Concurrent,
        QueueLimit = options.Waiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Waits for a turn.</summary>
    /// <returns>The turn, given back by disposing it.</returns>
    /// <exception cref="FaultException"><see cref="PushFault.Busy"/>.</exception>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.WaitTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            var lease = await _limiter.AcquireAsync(1, either.Token);
            if (lease.IsAcquired)
                return lease;
            lease.Dispose();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Waited long enough.
        }

        throw Fault.Of(
            PushFault.Busy, FaultKind.Unavailable, $"{options.Concurrent} uploads are being received and others wait.",
            "Try again in a few seconds.").ToException();
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
