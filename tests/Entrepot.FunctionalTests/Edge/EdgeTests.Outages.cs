using System.Net;

namespace Entrepot.FunctionalTests.Edge;

/// <content>What an edge does while the origin can't be asked, and after its own restart.</content>
public sealed partial class EdgeTests
{
    [Fact]
    public async Task What_came_by_digest_is_served_by_path_while_the_origin_is_down()
    {
        var fingerprint = _origin.Publish("disk.iso", [1, 2, 3]);
        await _edge.Http.GetByteArrayAsync($"/images/disk.iso?digest={fingerprint.Digest}");
        await RestartAsync(down: true);

        (await _edge.Http.GetByteArrayAsync("/images/disk.iso")).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task After_an_outage_downloads_by_digest_alone_are_enough_to_ask_the_origin_again()
    {
        var known = _origin.Publish("known", [1]);
        await _edge.Http.GetByteArrayAsync($"/images/known?digest={known.Digest}");
        _origin.Down = true;
        _edge.Time.Advance(TimeSpan.FromSeconds(3));
        using (var refused = await _edge.Http.GetAsync("/images/other"))
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _origin.Down = false;
        var fresh = _origin.Publish("fresh", [2]);

        DateTimeOffset? modified = null;
        for (var i = 0; i < 1000 && modified is null; i++)
        {
            _edge.Time.Advance(TimeSpan.FromSeconds(3));
            using var response = await _edge.Http.GetAsync($"/images/fresh?digest={fresh.Digest}");
            modified = response.Content.Headers.LastModified;
        }

        modified.ShouldBe(FakeOrigin.Modified);
    }

    [Fact]
    public async Task What_is_held_is_served_while_the_origin_is_down_and_the_rest_is_refused_with_the_reason()
    {
        var bytes = Bytes(2 * MiB);
        _origin.Publish("held", bytes);
        await _edge.Http.GetByteArrayAsync("/images/held");
        _origin.Publish("other", Bytes(10));
        _origin.Down = true;
        _edge.Time.Advance(TimeSpan.FromSeconds(3));

        (await _edge.Http.GetByteArrayAsync("/images/held")).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        using var refused = await _edge.Http.GetAsync("/images/other");

        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await Code(refused)).ShouldBe("edge/origin-unreachable");
    }

    [Fact]
    public async Task What_is_held_is_served_after_a_restart_while_the_origin_is_down()
    {
        var bytes = Bytes(2 * MiB);
        var fingerprint = _origin.Publish("held", bytes);
        await _edge.Http.GetByteArrayAsync("/images/held");
        await RestartAsync(down: true);

        (await _edge.Http.GetByteArrayAsync($"/images/held?digest={fingerprint.Digest}")).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        (await _edge.Http.GetByteArrayAsync($"/v1/blobs/{fingerprint.Digest}")).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        using var byPath = await _edge.Http.GetAsync("/images/held");
        (await byPath.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        byPath.Content.Headers.LastModified.ShouldBe(FakeOrigin.Modified);
    }

    [Fact]
    public async Task After_a_restart_the_newest_snapshot_comes_first_and_the_one_before_fills_its_gaps()
    {
        _origin.Publish("changed", [1]);
        _origin.Publish("same", [2]);
        await _edge.Http.GetByteArrayAsync("/images/changed");
        await _edge.Http.GetByteArrayAsync("/images/same");
        _origin.Publish("changed", [3]);
        _edge.Time.Advance(TimeSpan.FromSeconds(2));
        await _edge.Http.GetByteArrayAsync("/images/changed");
        await RestartAsync(down: true);

        (await _edge.Http.GetByteArrayAsync("/images/changed")).ShouldBe([3]);
        (await _edge.Http.GetByteArrayAsync("/images/same")).ShouldBe([2]);

        _origin.Publish("changed", [4]);
        await RestartAsync(down: false);
        (await _edge.Http.GetByteArrayAsync("/images/changed")).ShouldBe([4], "what was written down is not taken for current while the origin answers");
    }

    [Fact]
    public async Task A_file_that_was_known_some_snapshots_ago_is_served_while_the_origin_is_down()
    {
        _origin.Publish("disk.img", [1]);
        await _edge.Http.GetByteArrayAsync("/images/disk.img");
        for (var i = 0; i < 3; i++)
        {
            _origin.Publish($"other-{i}", [(byte)i]);
            _edge.Time.Advance(TimeSpan.FromSeconds(2));
            await _edge.Http.GetByteArrayAsync($"/images/other-{i}");
        }

        _origin.Down = true;
        _edge.Time.Advance(TimeSpan.FromSeconds(3));
        (await _edge.Http.GetByteArrayAsync("/images/disk.img")).ShouldBe([1]);
        await RestartAsync(down: true);
        (await _edge.Http.GetByteArrayAsync("/images/disk.img")).ShouldBe([1]);
    }

    [Fact]
    public async Task Asking_for_thousands_of_files_that_are_not_there_makes_the_edge_forget_nothing()
    {
        _origin.Publish("held", [1]);
        await _edge.Http.GetByteArrayAsync("/images/held");
        for (var i = 0; i < 2500; i++)
            using (var missing = await _edge.Http.GetAsync($"/images/nothing-{i}"))
                missing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        _origin.Down = true;
        _edge.Time.Advance(TimeSpan.FromSeconds(3));

        (await _edge.Http.GetByteArrayAsync("/images/held")).ShouldBe([1]);
        await RestartAsync(down: true);
        (await _edge.Http.GetByteArrayAsync("/images/held")).ShouldBe([1]);
    }

    /// <summary>While the origin restarts, a proxy in front of it answers with pages of its own.</summary>
    [Theory]
    [InlineData(404)]
    [InlineData(200)]
    [InlineData(502)]
    public async Task A_proxys_page_is_not_the_origins_word(int status)
    {
        _origin.Publish("held", [1]);
        await _edge.Http.GetByteArrayAsync("/images/held");
        _origin.Proxy = status;
        _edge.Time.Advance(TimeSpan.FromSeconds(3));

        (await _edge.Http.GetByteArrayAsync("/images/held")).ShouldBe([1]);
        using var unknown = await _edge.Http.GetAsync("/images/unknown");
        unknown.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await RestartAsync(down: false);
        (await _edge.Http.GetByteArrayAsync("/images/held")).ShouldBe([1]);
    }

    [Fact]
    public async Task An_origin_that_does_not_answer_is_waited_for_once()
    {
        _origin.Publish("held", [1]);
        await _edge.Http.GetByteArrayAsync("/images/held");
        _origin.Stall = new TaskCompletionSource();
        _edge.Time.Advance(TimeSpan.FromSeconds(2));
        var first = _edge.Http.GetByteArrayAsync("/images/held");
        while (!first.IsCompleted)
        {
            _edge.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        (await first).ShouldBe([1]);
        for (var i = 0; i < 5; i++)
        {
            // Long after the pause: the origin is asked again, and nobody waits for the answer, as the clock stands still meanwhile.
            _edge.Time.Advance(TimeSpan.FromSeconds(10));
            (await _edge.Http.GetByteArrayAsync("/images/held")).ShouldBe([1]);
        }

        _origin.Stall.SetResult();
        _origin.Stall = null;
        _origin.Publish("held", [2]);
        byte[] seen;
        do
        {
            _edge.Time.Advance(TimeSpan.FromSeconds(3));
            seen = await _edge.Http.GetByteArrayAsync("/images/held");
        }
        while (seen[0] != 2);
    }

    [Fact]
    public async Task A_deleted_mirror_stays_deleted_over_a_restart()
    {
        _origin.Publish("held", [1]);
        await _edge.Http.GetByteArrayAsync("/images/held");
        _origin.Deleted = true;
        _edge.Time.Advance(TimeSpan.FromSeconds(2));
        using (var gone = await _edge.Http.GetAsync("/images/held"))
            gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await RestartAsync(down: true);

        using var refused = await _edge.Http.GetAsync("/images/held");
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }
}
