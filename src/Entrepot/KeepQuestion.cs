using Entrepot.Cli.Rendering;

namespace Entrepot.Cli;

/// <summary>Asks whether a change stays, and counts down to the moment at which it is taken back.</summary>
internal static class KeepQuestion
{
    /// <summary>Asks.</summary>
    /// <param name="environment">Whom.</param>
    /// <param name="deadline">Until when an answer counts.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when nobody answered: time was over, or the input ended as it does when a connection breaks.</returns>
    public static async Task<bool?> AskAsync(CliEnvironment environment, DateTimeOffset deadline, CancellationToken cancellation)
    {
        // A terminal's input can't be given up; the process ends soon after.
        var answer = Task.Run(environment.Input.ReadLine, CancellationToken.None);
        var start = environment.AllowsColour ? "\r" : "\n";
        var asked = false;
        while (!answer.IsCompleted && deadline - environment.Time.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            if (!asked || environment.AllowsColour)
                await environment.Error.WriteAsync($"{(asked ? start : "")}Keep it? [y/N] It is taken back in {Units.Number((long)Math.Ceiling(left.TotalSeconds))} s. ");
            asked = true;
            var second = Task.Delay(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1), environment.Time, cancellation);
            await Task.WhenAny(answer, second);
            cancellation.ThrowIfCancellationRequested();
        }

        if (!answer.IsCompleted)
        {
            await environment.Error.WriteLineAsync();
            return null;
        }

        return (await answer)?.Trim().ToUpperInvariant() is { } said ? said is "Y" or "YES" : null;
    }
}
