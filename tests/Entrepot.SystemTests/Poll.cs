using System.Diagnostics;

namespace Entrepot.SystemTests;

/// <summary>Waits for facts about other processes, which can't tell us when they become true. Always with a deadline.</summary>
internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    public static async Task OnceAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        await timer.WaitForNextTickAsync();
    }

    public static async Task UntilAsync(Func<Task<bool>> fact, TimeSpan deadline, Func<string> otherwise)
    {
        var watch = Stopwatch.StartNew();
        while (!await fact())
        {
            if (watch.Elapsed > deadline)
                throw new TimeoutException(otherwise());
            await OnceAsync();
        }
    }
}
