using System.Collections.Concurrent;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Pools;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;
using Entrepot.Server.Http;

namespace Entrepot.Server.Drills;

/// <summary>A stranger, another process, takes the port of a scratch service: the service must find a place, the stranger must be seen and
/// journalled, and the service must get its port back when the stranger is gone.</summary>
/// <param name="context">The node.</param>
/// <param name="program">The program that runs this node. Entrepot itself has a hidden command that plays the stranger.</param>
internal sealed class HijackDrill(NodeContext context, OwnProgram? program) : IDrill
{
    /// <summary>The scratch service; no mirror is behind it.</summary>
    public const string Service = "drill-hijack";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public string Name => "hijack";

    public async Task RunAsync(DrillSteps steps, DrillRequest request, CancellationToken cancellation)
    {
        if (program is not { Name: "entrepot" })
            throw Fault.Of(
                DrillFault.NotHere, FaultKind.Unsupported, "This process is not the entrepot program, so that there is nobody to play the stranger.",
                "Run the drill on a node that entrepot itself started.").ToException();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        RunningSurface? surface = null;
        var playing = Task.CompletedTask;
        var seen = new ConcurrentDictionary<int, string>();
        void See(GuardedPort guarded, Stranger found) => seen[guarded.Port] = found.Reason;
        context.Guard.StrangerSeen += See;
        var port = 0;
        try
        {
            await steps.DoAsync("a scratch service gets a port of the pool", async () => Text(port = await PortAsync(cancellation)));
            await steps.DoAsync("a stranger takes the port before the service starts", async () =>
            {
                playing = PlayAsync(port, stop.Token);
                return await TakenAsync(port, playing, cancellation);
            });
            await steps.DoAsync("the service starts all the same, on another port", async () =>
            {
                surface = await LaunchAsync(port, cancellation);
                return surface.Document.Port == port ? throw new IOException("it got the stranger's port") : surface.Document.Reason;
            });
            await steps.WaitAsync("the guard sees the stranger", () => seen.GetValueOrDefault(port), Patience, cancellation);
            await stop.CancelAsync();
            await playing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await steps.WaitAsync(
                "the service gets its own port back when the stranger is gone",
                () => surface!.Document.Port == port ? Text(port) : null, Patience, cancellation);
        }
        finally
        {
            context.Guard.StrangerSeen -= See;
            await stop.CancelAsync();
            await playing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (surface is not null)
                await context.CloseScratchAsync(surface);
        }
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    /// <summary>A port that is free now: leased and given back, so that the service and the stranger can fight for it.</summary>
    private async Task<int> PortAsync(CancellationToken cancellation)
    {
        await using var bound = await context.Launcher.Binder.BindAsync(
            new PortRequest { Node = context.Settings.Node, Service = Service, Pool = Pool() }, context.Settings.Bind, cancellation);
        var port = bound.Lease.Port;
        await bound.GiveBackAsync("The drill goes on.", "system:drill");
        return port;
    }

    private PortPool Pool() => new("edges", context.Settings.Edges.Pool.First, context.Settings.Edges.Pool.Last);

    private Task<ProgramResult> PlayAsync(int port, CancellationToken cancellation)
        => ExternalProgram.RunAsync(
            program!.Path, [.. program.Before, "drill", "stranger", "--address", context.Settings.Bind.ToString(), "--port", Text(port)], "", Longest, cancellation);

    private async Task<string> TakenAsync(int port, Task playing, CancellationToken cancellation)
    {
        var deadline = context.Time.GetTimestamp();
        while (context.Time.GetElapsedTime(deadline) < Patience)
        {
            if (playing.IsCompleted)
                throw new IOException("the stranger could not take it");
            if (context.Guard.Inventory.Listeners(PortProtocol.Tcp).Any(socket => socket.Port == port))
                return $"process of {program!.Name}";
            await Task.Delay(TimeSpan.FromMilliseconds(50), context.Time, cancellation);
        }

        throw new TimeoutException("the stranger did not take it in time");
    }

    private Task<RunningSurface> LaunchAsync(int port, CancellationToken cancellation)
        => context.LaunchScratchAsync(
            new PortRequest { Node = context.Settings.Node, Service = Service, WantedPort = port, OverflowPool = Pool() },
            static app => app.MapAlive(), cancellation);
}
