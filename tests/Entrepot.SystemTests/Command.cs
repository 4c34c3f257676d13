using System.Diagnostics;

namespace Entrepot.SystemTests;

/// <summary>What a finished program left.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public CommandResult ShouldSucceed()
    {
        ExitCode.ShouldBe(0, $"{Output}\n{Error}");
        return this;
    }
}

/// <summary>Runs real programs.</summary>
internal static class Command
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>Skips the running test, saying why, when a program is not installed.</summary>
    public static void Require(string program)
        => Assert.SkipUnless(Find(program) is not null, $"{program} is not installed here");

    public static string? Find(string program)
        => (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    public static async Task<CommandResult> RunAsync(string program, params string[] arguments)
    {
        using var running = Start(program, arguments);
        return await running.EndAsync();
    }

    /// <summary>Runs a program that reads its input, and closes the input after it.</summary>
    public static async Task<CommandResult> RunWithInputAsync(string input, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        using var running = new RunningCommand(process, Deadline);
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything; its exit code and errors say why.
        }

        return await running.EndAsync();
    }

    public static RunningCommand Start(string program, params string[] arguments)
        => new(Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!, Deadline);
}

/// <summary>A program under way.</summary>
internal sealed class RunningCommand(Process process, TimeSpan deadline) : IDisposable
{
    private readonly Task<string> _output = process.StandardOutput.ReadToEndAsync();
    private readonly Task<string> _error = process.StandardError.ReadToEndAsync();

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    public async Task<CommandResult> EndAsync()
    {
        using var timer = new CancellationTokenSource(deadline);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} did not end: {await _error}");
        }

        return new CommandResult(process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }
}
