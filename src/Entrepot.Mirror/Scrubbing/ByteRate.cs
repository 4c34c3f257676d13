namespace Entrepot.Mirror.Scrubbing;

/// <summary>Holds a reader to a number of bytes a second; the first second's may be read at once. For one reader.</summary>
internal sealed class ByteRate(long bytesPerSecond, TimeProvider time)
{
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(1);

    private readonly long _started = time.GetTimestamp();
    private TimeSpan _paid = -Burst;

    /// <summary>Waits until the bytes may be read.</summary>
    public async ValueTask SpendAsync(int bytes, CancellationToken cancellation)
    {
        var now = time.GetElapsedTime(_started);
        var earliest = now - Burst;  // time that was not used is not saved up beyond that
        _paid = (_paid > earliest ? _paid : earliest) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
        if (_paid > now)
            await Task.Delay(_paid - now, time, cancellation);
    }
}
