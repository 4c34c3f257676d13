using System.CommandLine;
using System.Net;
using System.Net.Sockets;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot drill stranger</c>, hidden: the process that the hijack drill starts to take a port.</summary>
internal static class DrillStrangerCommand
{
    /// <summary>It ends by itself, should nobody end it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static Command Create(CliEnvironment environment)
    {
        var address = new Option<string>("--address") { Description = "Where to listen", Required = true };
        var port = new Option<int>("--port") { Description = "The port", Required = true };
        var command = new Command("stranger", "Take a port, as part of the hijack drill") { address, port };
        command.Hidden = true;
        command.SetAction(async (parse, cancellation) =>
        {
            var end = new IPEndPoint(IPAddress.Parse(parse.GetValue(address)!), parse.GetValue(port));
            using var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(end);
            socket.Listen();
            await Task.Delay(Longest, environment.Time, cancellation);
            return ExitCodes.Done;
        });
        return command;
    }
}
