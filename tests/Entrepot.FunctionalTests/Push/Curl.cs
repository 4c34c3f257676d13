using System.Diagnostics;

namespace Entrepot.FunctionalTests.Push;

/// <summary>Runs the real curl.</summary>
internal static class Curl
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Runs it silently with the given arguments.</summary>
    /// <returns>Exit code, what it printed, and the status code of the last answer when <c>-w</c> is left to this method.</returns>
    public static async Task<CurlAnswer> RunAsync(byte[]? input, params string[] arguments)
    {
        var start = new ProcessStartInfo("curl") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in new[] { "-sS", "--noproxy", "*", "-w", "\n%{http_code}" }.Concat(arguments))
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Deadline);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            if (input is not null)
                await process.StandardInput.BaseStream.WriteAsync(input, deadline.Token);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It was refused and reads no further.
        }

        await process.WaitForExitAsync(deadline.Token);
        var text = await output;
        var end = text.LastIndexOf('\n');
        return new CurlAnswer(process.ExitCode, int.Parse(text[(end + 1)..]), text[..end], await error);
    }

    public static Task<CurlAnswer> RunAsync(params string[] arguments) => RunAsync(null, arguments);
}

/// <summary>What curl came back with.</summary>
internal sealed record CurlAnswer(int ExitCode, int Status, string Body, string Error);
