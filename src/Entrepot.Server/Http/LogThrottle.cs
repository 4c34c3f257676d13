namespace Entrepot.Server.Http;

/// <summary>Lets one line through in each period, so that a thousand clients who meet the same trouble do not fill the disk with it.</summary>
/// <param name="time">The clock.</param>
/// <param name="period">Least time between two lines.</param>
internal sealed class LogThrottle(TimeProvider time, TimeSpan period)
{
    private long _last = long.MinValue;
    private int _held;

    /// <summary>True when a line may be written now.</summary>
    /// <param name="held">Lines held back since the one before.</param>
    public bool Allows(out int held)
    {
        held = 0;
        var now = time.GetTimestamp();
        var last = Volatile.Read(ref _last);
        var first = last == long.MinValue;
        if ((!first && time.GetElapsedTime(last, now) < period) || Interlocked.CompareExchange(ref _last, now, last) != last)
        {
            Interlocked.Increment(ref _held);
            return false;
        }

        held = Interlocked.Exchange(ref _held, 0);
        return true;
    }
}
