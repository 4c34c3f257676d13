using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Entrepot.Compare.Peers;

/// <summary>nginx tuned as its documentation advises for static files: sendfile, cached descriptors, no access log. It verifies nothing.</summary>
internal sealed class NginxPeer : Peer
{
    private readonly Process _process;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(5) };

    private NginxPeer(Process process, int port)
        : base("nginx")
        => (_process, Downloads) = (process, new IPEndPoint(IPAddress.Loopback, port));

    public override IPEndPoint Downloads { get; }

    protected override IEnumerable<int> ProcessIds
        => File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(static pid => int.Parse(pid, CultureInfo.InvariantCulture)).Append(_process.Id);

    public static async Task<NginxPeer> StartAsync(string folder, string content, int port)
    {
        Directory.CreateDirectory(Path.Combine(folder, "upload"));
        var configuration = $$"""
            daemon off; worker_processes 1; pid {{folder}}/nginx.pid; error_log {{folder}}/error.log; user root;
            events { worker_connections 4096; }
            http {
              access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
              open_file_cache max=10000 inactive=300s; open_file_cache_min_uses 1;
              client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/p; fastcgi_temp_path {{folder}}/f;
              uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              server {
                listen 127.0.0.1:{{port}}; root {{content}};
                location /upload/ { root {{folder}}; dav_methods PUT; client_max_body_size 0; client_body_buffer_size 1m; }
              }
            }
            """;
        var file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, configuration);
        var peer = new NginxPeer(StartPinned("/usr/sbin/nginx", ["-c", file, "-p", folder], Path.Combine(folder, "out.log")), port);
        await UntilAsync(
            async () =>
            {
                using var response = await peer._http.GetAsync($"http://127.0.0.1:{port}/");
                return true;
            },
            "nginx did not start");
        return peer;
    }

    public override string DownloadPath(string file) => "/" + file;

    public override async Task UploadAsync(string file, string name)
    {
        await using var body = File.OpenRead(file);
        using var response = await _http.PutAsync($"http://{Downloads}/upload/{name}", new StreamContent(body, 1 << 20));
        response.EnsureSuccessStatusCode();
    }

    public override async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await StopAsync(_process);
    }
}
