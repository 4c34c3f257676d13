using System.Net;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Server.RemoteHosts;

namespace Entrepot.SystemTests.Ports;

/// <summary>Debian's own SSH server, started as this user on a free port of 127.0.0.1 with keys made for the test.</summary>
public sealed class SshHostTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private RunningCommand? _server;
    private SshAddress _address = null!;
    private SshOptions _options = null!;

    public async ValueTask InitializeAsync()
    {
        Command.Require("sshd");
        Command.Require("ssh-keygen");
        Command.Require("ss");
        foreach (var key in (string[])["host", "client", "other"])
            (await Command.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", _folder[key])).ShouldSucceed();
        File.Copy(_folder["client.pub"], _folder["authorized_keys"]);
        var port = FreePort();
        await File.WriteAllTextAsync(_folder["sshd_config"], $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {_folder["host"]}
            AuthorizedKeysFile {_folder["authorized_keys"]}
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PidFile none
            PermitRootLogin yes
            """);
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd");  // where it separates its privileges
        _server = Command.Start(Command.Find("sshd")!, "-D", "-e", "-f", _folder["sshd_config"]);
        _address = new SshAddress(Environment.UserName, "127.0.0.1", port);
        var host = (await File.ReadAllTextAsync(_folder["host.pub"])).Split(' ');
        await File.WriteAllTextAsync(_folder["known"], $"[127.0.0.1]:{port} {host[0]} {host[1]}\n");
        _options = new SshOptions { KeyFiles = [_folder["client"]], KnownHostsFile = _folder["known"] };
        await Poll.UntilAsync(AnswersAsync, TimeSpan.FromSeconds(20), () => "sshd did not start");
    }

    public ValueTask DisposeAsync()
    {
        _server?.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_listens_there_is_told_with_its_owner()
    {
        var sockets = await SshHost.ListenersAsync(_address, _options, TestContext.Current.CancellationToken);
        var ssh = sockets.Single(socket => socket.Port == _address.Port);
        ssh.Address.ShouldBe(IPAddress.Loopback);
        ssh.Owner!.Executable.ShouldBe("sshd");
    }

    [Fact]
    public async Task A_host_whose_key_is_not_known_or_another_is_not_logged_in_to()
    {
        File.WriteAllText(_folder["empty"], "");
        var unknown = await Should.ThrowAsync<FaultException>(() => SshHost.ListenersAsync(_address, _options with { KnownHostsFile = _folder["empty"] }, default));
        unknown.Fault.Is(RemoteHostFault.HostKey).ShouldBeTrue(unknown.Message);

        var other = (await File.ReadAllTextAsync(_folder["other.pub"])).Split(' ');
        File.WriteAllText(_folder["impostor"], $"{_address.KnownName} {other[0]} {other[1]}\n");
        var changed = await Should.ThrowAsync<FaultException>(() => SshHost.ListenersAsync(_address, _options with { KnownHostsFile = _folder["impostor"] }, default));
        changed.Fault.Is(RemoteHostFault.HostKey).ShouldBeTrue(changed.Message);
        changed.Message.ShouldContain("another machine");
    }

    [Fact]
    public async Task A_key_that_the_host_does_not_know_is_a_refused_login()
    {
        var refused = await Should.ThrowAsync<FaultException>(() => SshHost.ListenersAsync(_address, _options with { KeyFiles = [_folder["other"]] }, default));
        refused.Fault.Is(RemoteHostFault.Login).ShouldBeTrue(refused.Message);
        var none = await Should.ThrowAsync<FaultException>(() => SshHost.ListenersAsync(_address, _options with { KeyFiles = [_folder["absent"]] }, default));
        none.Fault.Is(RemoteHostFault.Login).ShouldBeTrue(none.Message);
    }

    [Fact]
    public async Task A_host_that_never_answers_costs_no_more_than_the_deadline()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = _address with { Port = ((IPEndPoint)silent.LocalEndpoint).Port };
        File.WriteAllText(_folder["silent"], File.ReadAllText(_folder["known"]).Replace(_address.KnownName, address.KnownName, StringComparison.Ordinal));
        var late = await Should.ThrowAsync<FaultException>(
            () => SshHost.ListenersAsync(address, _options with { KnownHostsFile = _folder["silent"], Deadline = TimeSpan.FromSeconds(1) }, default));
        late.Fault.Is(RemoteHostFault.Unreachable).ShouldBeTrue(late.Message);
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", _address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
