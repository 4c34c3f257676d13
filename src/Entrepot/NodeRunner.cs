using Entrepot.Cli.Rendering;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Entrepot.Cli;

/// <summary>Runs a node until it is asked to stop.</summary>
internal static class NodeRunner
{
    /// <summary>Starts, says where everything is, waits and stops.</summary>
    /// <param name="context">The command.</param>
    /// <param name="plan">What to start.</param>
    /// <param name="cancellation">Asks it to stop; stopping is no failure.</param>
    public static async Task<int> RunAsync(CommandContext context, NodePlan plan, CancellationToken cancellation)
    {
        using var loggers = Loggers(plan.Settings.Log, context.Environment);
        Node node;
        try
        {
            node = await Node.StartAsync(plan, loggers, context.Environment.Time, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }

        await using (node)
        {
            Welcome.Write(context, node.Network, node.Sample, plan.Settings.DataFolder, await node.Observed.Watcher.StatusAsync(CancellationToken.None));
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, context.Environment.Time, cancellation);
            }
            catch (OperationCanceledException)
            {
                context.Say("Stopping: requests in progress are finished. Ctrl-C again ends at once.");
            }
        }

        context.Say("Stopped.");
        return ExitCodes.Done;
    }

    /// <summary>Logs go to the error output, so that the result stays clean.</summary>
    public static ILoggerFactory Loggers(LogSettings settings, CliEnvironment environment) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(settings.Level switch
        {
            LogThreshold.Debug => LogLevel.Debug,
            LogThreshold.Info => LogLevel.Information,
            LogThreshold.Warning => LogLevel.Warning,
            _ => LogLevel.Error,
        });
        // The web server's own lines repeat what the surfaces log.
        builder.AddFilter("Microsoft", settings.Level == LogThreshold.Debug ? LogLevel.Information : LogLevel.Warning);
        builder.Services.Configure<ConsoleLoggerOptions>(static options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        const string format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        if (settings.Format == LogFormat.Json)
            builder.AddJsonConsole(static options => (options.UseUtcTimestamp, options.TimestampFormat) = (true, format.Trim()));
        else
            builder.AddSimpleConsole(options => (options.UseUtcTimestamp, options.TimestampFormat, options.SingleLine, options.ColorBehavior) =
                (true, format, true, environment.ErrorIsTerminal && environment.AllowsColour ? LoggerColorBehavior.Enabled : LoggerColorBehavior.Disabled));
    });
}
