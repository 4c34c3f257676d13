using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Entrepot.Ports.Declarations;

namespace Entrepot.SystemTests.Ports;

/// <summary>A host of a <see cref="VirtualNetwork"/>.</summary>
internal sealed partial class VirtualHost(string name, int number) : IAsyncDisposable
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET, <sched.h>

    /// <summary>Name of its network namespace, as <c>ip netns</c> has it.</summary>
    public string Namespace { get; } = name;

    /// <summary>1 for the first host.</summary>
    public int Number { get; } = number;

    public IPAddress Address { get; } = IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.77.0.{number}"));

    public IPAddress Address6 { get; } = IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd77::{number:x}"));

    /// <summary>Of <c>eth0</c>.</summary>
    public MacAddress Mac { get; } = new(0x02_77_00_00_00_00 + number);

    /// <summary>Runs a program inside to its end.</summary>
    public Task<CommandResult> RunAsync(string program, params string[] arguments)
        => Command.RunAsync("ip", ["netns", "exec", Namespace, program, .. arguments]);

    /// <summary>Runs a program inside that reads its input.</summary>
    public Task<CommandResult> RunWithInputAsync(string input, string program, params string[] arguments)
        => Command.RunWithInputAsync(input, "ip", ["netns", "exec", Namespace, program, .. arguments]);

    /// <summary>Starts a program inside, which is killed when disposed.</summary>
    public RunningCommand Start(string program, params string[] arguments)
        => Command.Start("ip", ["netns", "exec", Namespace, program, .. arguments]);

    /// <summary>Loads a ruleset inside.</summary>
    public async Task LoadAsync(string ruleset)
    {
        var result = await RunWithInputAsync(ruleset + "\n", "nft", "-f", "-");
        result.ExitCode.ShouldBe(0, $"{result.Error}\n{ruleset}");
    }

    /// <summary>Runs code on a thread that is inside. Sockets made there stay inside, whoever uses them later.</summary>
    public T Within<T>(Func<T> work)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{Namespace}");
                if (SetNamespace(handle.DangerousGetHandle().ToInt32(), NewNetwork) != 0)
                    throw new IOException($"setns failed: {Marshal.GetLastPInvokeErrorMessage()}");
                result = work();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw new InvalidOperationException($"In {Namespace}: {failure.Message}", failure);
    }

    public async ValueTask DisposeAsync() => await Command.RunAsync("ip", "netns", "delete", Namespace);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int file, int kind);
}
