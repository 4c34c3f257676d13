namespace Entrepot.Server.Hosting;

/// <summary>Work that is done again and again and must outlive its failures: what one round could not do, the next one may.</summary>
internal static class Rounds
{
    /// <summary>Does a round at once and then after every interval, until cancelled.</summary>
    /// <param name="interval">Time between the beginnings of two rounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="round">The work.</param>
    /// <param name="failed">Told of the first failure, and again only after a round that went well.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task RunAsync(
        TimeSpan interval, TimeProvider time, Func<CancellationToken, Task> round, Action<Exception> failed, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(interval, time);
        var failing = false;
        do
        {
            try
            {
                await round(cancellation);
                failing = false;
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                // Also a deadline that was not ours: a program or a peer that hangs must not end the loop.
                if (!failing)
                    failed(error);
                failing = true;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }
}
