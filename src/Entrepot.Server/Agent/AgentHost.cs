using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Core.State;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Audit;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Agent;

/// <summary>What an agent is told at its start.</summary>
/// <param name="Socket">Path of the Unix socket.</param>
/// <param name="Folder">Its own folder.</param>
/// <param name="Target">The packet filter.</param>
public sealed record AgentPlan(string Socket, string Folder, IFirewallTarget Target);

/// <summary>The one process with CAP_NET_ADMIN. It takes the orders of <see cref="AgentEndpoints"/> on a Unix socket, from root, its own
/// user and its group, and nothing else from anybody.</summary>
public sealed class AgentHost : IAsyncDisposable
{
    /// <summary>Largest order in bytes: 100,000 sources with their names are some 10 MB.</summary>
    internal const long MaxOrder = 32 << 20;

    /// <summary>Time for one order, waiting for its turn included.</summary>
    internal static readonly TimeSpan OrderLimit = TimeSpan.FromMinutes(3);

    private readonly Stack<IAsyncDisposable> _parts;

    private AgentHost(Stack<IAsyncDisposable> parts) => _parts = parts;

    /// <summary>Starts the agent.</summary>
    /// <param name="plan">What to start.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException">The privilege, a program, the folder or the socket can't be had.</exception>
    public static async Task<AgentHost> StartAsync(AgentPlan plan, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        Require(plan.Target);
        var logger = loggers.CreateLogger("Entrepot.Agent");
        var parts = new Stack<IAsyncDisposable>();
        try
        {
            var folder = AgentFolder.Open(plan.Folder);
            parts.Push(new Node.Undo(folder.Dispose));
            var state = StateDatabase.Open(folder.StateFile, typeof(Enforcer).Assembly);
            parts.Push(state);
            var audit = new AuditService(state, time);
            parts.Push(new Node.Undo(audit.Dispose));
            var keeper = new JournalKeeper(state, new JournalSettings(), time, loggers.CreateLogger("Entrepot.Audit"));
            var enforcer = new Enforcer(
                plan.Target, new KernelShell(), state, new DeadManFolder(folder.Change), new ProcessDeadMan(time), AgentProof.Instance, time,
                new ReservedPortsWriter(new ReservedPortsTable(state, NodeName.Parse("agent"), time)));
            parts.Push(new Node.Undo(enforcer.Dispose));
            // What a change that nobody ended came to is known before the first order.
            await enforcer.TickAsync(cancellation);
            try
            {
                if (await enforcer.LoadAfterBootAsync(cancellation) is { } proof)
                    AgentLog.LoadedAfterBoot(logger, proof);
            }
            catch (FaultException error)
            {
                // The agent is needed all the more then: it tells the drift, and takes the next order.
                AgentLog.NotLoadedAfterBoot(logger, error.Message);
            }

            var loops = new BackgroundLoops(logger);
            parts.Push(loops);
            // What a tick can't do waits for the next; the kernel and the watchdog need no help meanwhile.
            loops.Start("clock", token => Rounds.RunAsync(
                TimeSpan.FromSeconds(1), time, enforcer.TickAsync, error => AgentLog.TickFailed(logger, error.Message), token));
            loops.Start("journal keeper", keeper.RunAsync);
            var app = await ListenAsync(plan.Socket, enforcer, audit, loggers, logger, cancellation);
            parts.Push(app);
            parts.Push(new Node.Undo(() => File.Delete(plan.Socket)));
            return new AgentHost(parts);
        }
        catch
        {
            await StopAsync(parts);
            throw;
        }
    }

    /// <summary>Lets the order in progress finish and stops. What was applied stays applied, and a watchdog goes on.</summary>
    public ValueTask DisposeAsync() => StopAsync(_parts);

    private static async ValueTask StopAsync(Stack<IAsyncDisposable> parts)
    {
        while (parts.TryPop(out var part))
            await part.DisposeAsync();
    }

    private static void Require(IFirewallTarget target)
    {
        if (!OperatingSystem.IsLinux())
            throw Fault.Of(
                FirewallFault.Privilege, FaultKind.Unsupported, "The agent drives Linux's packet filters only in this version.",
                "Use 'entrepot ports ruleset' to render rules for another machine.").ToException();
        if (!PosixProcess.MayAdministerNetwork)
            throw Fault.Of(
                FirewallFault.Privilege, FaultKind.Forbidden, "The agent needs CAP_NET_ADMIN, which this process does not have.",
                "Start it by its systemd unit (deploy/systemd/entrepot-agent.service), or with sudo. Every other role runs without.").ToException();
        foreach (var program in target.Programs.Where(static program => ExternalProgram.Find(program) is null))
            throw Fault.Of(
                FirewallFault.ProgramMissing, FaultKind.Unsupported, $"'{program}' is not installed on this machine.",
                $"Install the package that has {program}, or choose another target with --target.").ToException();
    }

    private static async Task<WebApplication> ListenAsync(
        string path, Enforcer enforcer, AuditService audit, ILoggerFactory loggers, ILogger logger, CancellationToken cancellation)
    {
        var socket = Bind(path);
        // Not the current folder, which this user may not be able to reach; nothing is served from it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Entrepot.Server", ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = _ => socket);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = 64;
            options.Limits.MaxRequestBodySize = MaxOrder;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            options.ListenUnixSocket(path, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.UseFaults(logger);
        AgentEndpoints.Map(app, enforcer, audit);
        try
        {
            await app.StartAsync(cancellation);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Makes the socket: for its owner and group alone before anybody can connect.</summary>
    private static Socket Bind(string path)
    {
        DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (File.Exists(path))
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(new UnixDomainSocketEndPoint(path));
                throw Fault.Of(
                    FirewallFault.ChangePending, FaultKind.Conflict, $"An agent listens on '{path}' already.", "One agent per machine is enough.").ToException();
            }
            catch (SocketException)
            {
                // Left by one that was killed.
                File.Delete(path);
            }
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
