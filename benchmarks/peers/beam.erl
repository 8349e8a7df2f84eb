%% BEAM: raw processes, gen_server, supervisor. One workload, a line of JSON for every figure.
%% usage: erl +S 1:1 -noshell -pa EBIN -run beam main PEER ROUND SCALE WORKLOAD
-module(beam).
%% plays gen_server and supervisor: init/1 is told which by its argument
-export([main/1, init/1, handle_call/3, handle_cast/2, handle_info/2, start_worker/1]).
%% for beam_nodes
-export([n/1, twice/2, rate/4, rate/5, latency/3]).

-define(BURST, 1000).

main([Peer, Round, Scale, Workload]) ->
    logger:set_primary_config(level, none),
    put(peer, Peer), put(round, list_to_integer(Round)), put(scale, to_float(Scale)),
    try run(list_to_atom(Workload)) of
        _ -> halt(0)
    catch C:R:St ->
        io:format(standard_error, "~p ~p ~p~n", [C, R, St]),
        emit(Workload, "error", null, "", 0, io_lib:format(", \"why\": \"~p\"", [C])),
        halt(1)
    end.

%% ---- counts, clock, figures

to_float(S) -> try list_to_float(S) catch _:_ -> float(list_to_integer(S)) end.
n(Base) -> n(Base, 10).
n(Base, Least) -> max(Least, trunc(Base * get(scale))).
now_ns() -> erlang:monotonic_time(nanosecond).
timed(Fun) -> T0 = now_ns(), Fun(), now_ns() - T0.

emit(W, M, V, U, N) -> emit(W, M, V, U, N, "").
emit(W, M, V, U, N, More) ->
    Val = case V of null -> "null"; _ -> io_lib:format("~.3f", [float(V)]) end,
    io:format("{\"peer\": \"~s\", \"version\": \"OTP ~s, erts ~s ~s, +S ~p\", \"workload\": \"~s\", \"metric\": \"~s\", "
              "\"value\": ~s, \"unit\": \"~s\", \"n\": ~p, \"round\": ~p~s}~n",
              [get(peer), erlang:system_info(otp_release), erlang:system_info(version),
               erlang:system_info(emu_flavor), erlang:system_info(schedulers), W, M, Val, U, N, get(round), More]).
rate(W, M, N, Ns) -> rate(W, M, N, Ns, "").
rate(W, M, N, Ns, More) -> emit(W, M, N * 1.0e9 / max(Ns, 1), "1/s", N, More).
latency(W, L) -> latency(W, L, "").
latency(W, L, More) ->
    T = list_to_tuple(lists:sort(L)), S = tuple_size(T),
    P = fun(Q) -> element(min(S, trunc(Q * S) + 1), T) / 1000 end,
    emit(W, "p50", P(0.50), "us", S, More), emit(W, "p99", P(0.99), "us", S, More).

%% Bytes of the system process that are in real memory
rss() ->
    {ok, B} = file:read_file("/proc/" ++ os:getpid() ++ "/status"),
    {match, [S]} = re:run(B, "VmRSS:\\s+(\\d+) kB", [{capture, all_but_first, list}]),
    list_to_integer(S) * 1024.

%% Run Fun in a new process, so that heaps do not carry over from one row to the next
fresh(Fun) ->
    Dict = get(),
    {P, R} = spawn_monitor(fun() -> [put(K, V) || {K, V} <- Dict], exit({ok, Fun()}) end),
    receive {'DOWN', R, process, P, {ok, V}} -> V; {'DOWN', R, process, P, E} -> error(E) end.

%% Warm up with a tenth, then measure
twice(N, F) -> fresh(fun() -> F(max(1, N div 10)) end), fresh(fun() -> F(N) end).

%% ---- gen_server and supervisor

init({supervisor, Strategy, Specs}) ->
    {ok, {#{strategy => Strategy, intensity => 1000000000, period => 1}, Specs}};
init({worker, none}) -> {ok, 0};
init({worker, Announce}) -> Announce ! {up, self()}, {ok, 0};
init({counter, N, To}) -> {ok, {N, To}}.

handle_call(ping, _From, S) -> {reply, pong, S};
handle_call({calls, P, N}, _From, S) -> {reply, calls(P, N), S}.

handle_cast(crash, _S) -> error(crash);
handle_cast(leave, S) -> {stop, shutdown, S};
handle_cast({tell, _}, {1, To}) -> To ! done, {noreply, {0, To}};
handle_cast({tell, _}, {N, To}) when N rem ?BURST =:= 1 -> To ! more, {noreply, {N - 1, To}};
handle_cast({tell, _}, {N, To}) -> {noreply, {N - 1, To}}.

handle_info({tell, _} = M, S) -> handle_cast(M, S).

start_worker(Announce) -> gen_server:start_link(?MODULE, {worker, Announce}, []).

%% ---- a. casts

run(a) ->
    N = n(1000000),
    Held = twice(N, fun(M) ->
        {ok, P} = gen_server:start(?MODULE, {counter, M, self()}, []),
        T = timed(fun() -> held_casts(P, M) end), gen_server:stop(P), T end),
    rate("a_cast", "msgs", N, Held),
    Free = twice(N, fun(M) ->
        Me = self(), {ok, P} = gen_server:start(?MODULE, {counter, M, Me}, []),
        T = timed(fun() -> spawn(fun() -> casts(P, M) end), await_done() end), gen_server:stop(P), T end),
    rate("a_cast_burst", "msgs", N, Free),
    Raw = twice(N, fun(M) ->
        Me = self(),
        timed(fun() ->
            P = spawn(fun() -> receive_n(M), Me ! done end),
            spawn(fun() -> sends(P, M) end), await_done() end) end),
    rate("a_send", "msgs", N, Raw);

%% ---- b. ping-pong

run(b) ->
    N = n(500000),
    Ns = twice(N, fun(M) -> P = spawn(fun echo/0), T = timed(fun() -> pings(P, M) end), P ! stop, T end),
    rate("b_pingpong", "roundtrips", N, Ns);

%% ---- c. a ring of a thousand

run(c) ->
    N = n(1000000),
    Ns = twice(N, fun(Hops) ->
        Me = self(),
        First = spawn(fun() -> receive {next, P} -> hop(P, Me) end end),
        Last = lists:foldl(fun(_, Next) -> spawn(fun() -> hop(Next, Me) end) end, First, lists:seq(1, 999)),
        First ! {next, Last},
        timed(fun() -> Last ! {token, Hops}, await_done() end) end),
    rate("c_ring", "hops", N, Ns);

%% ---- d. calls, with a deadline of five seconds

run(d) ->
    N = n(200000),
    {Ns, L} = twice(N, fun(M) ->
        {ok, P} = gen_server:start(?MODULE, {worker, none}, []), R = calls(P, M), gen_server:stop(P), R end),
    rate("d_call", "calls", N, Ns), latency("d_call", L),
    {Ns1, L1} = twice(N, fun(M) ->
        {ok, P} = gen_server:start(?MODULE, {worker, none}, []),
        {ok, Q} = gen_server:start(?MODULE, {worker, none}, []),
        R = gen_server:call(Q, {calls, P, M}, infinity), gen_server:stop(P), gen_server:stop(Q), R end),
    rate("d_call_inside", "calls", N, Ns1), latency("d_call_inside", L1);

%% ---- e. spawn, stop, memory

run(e) -> % the warm-up is small: what it frees would be used again, and not seen in the memory
    fresh(fun() -> lives(1000, fun(_, _, _, _) -> ok end) end),
    N = n(100000, 10000),
    fresh(fun() -> lives(N, fun(Spawn, Stop, Idle, Drained) ->
        rate("e_spawn", "spawns", N, Spawn), rate("e_spawn", "stops", N, Stop),
        emit("e_memory", "idle", Idle / N, "B", N), emit("e_memory", "drained", Drained / N, "B", N) end) end),
    M = n(20000),
    Ns = twice(M, fun(K) ->
        T0 = now_ns(),
        Ps = [begin {ok, P} = gen_server:start(?MODULE, {worker, none}, []), P end || _ <- lists:seq(1, K)],
        T = now_ns() - T0, [exit(P, kill) || P <- Ps], T end),
    rate("e_start", "starts", M, Ns);

%% ---- f. restart under a supervisor

%% The supervisor keeps every restart of the last second in a list and walks it at each restart: so a row of new
%% supervisors with a hundred restarts each, and a row of one supervisor with many.
run(f) ->
    hundred("f_restart", crash, fun() -> ok end),
    hundred("f_restart_reason", leave, fun() -> ok end),
    hundred("f_restart_reports", crash, fun reports/0),
    Many = twice(n(20000), fun(N) -> restarts(1, N, crash) end),
    restarted("f_restart_sustained", Many, ""),
    [begin
        Kids = n(Base, 100), Crashes = n(200, 20),
        fresh(fun() -> restarts(Kids div 10, Crashes div 10, crash) end),
        L = fresh(fun() -> restarts(Kids, Crashes, crash) end),
        restarted(W, L, io_lib:format(", \"siblings\": ~p", [Kids]))
     end || {W, Base} <- [{"f_restart_among_1k", 1000}, {"f_restart_among_100k", 100000}]];

%% ---- g. supervisors of many children

run(g) ->
    [begin
        N = n(Base, 100),
        {Start, Stop} = twice(N, fun(M) -> tree(Strategy, M) end),
        emit(W, "start", Start / 1.0e6, "ms", N), emit(W, "stop", Stop / 1.0e6, "ms", N)
     end || {W, Strategy, Base} <- [{"g_tree_10k", one_for_one, 10000}, {"g_tree_100k", one_for_one, 100000},
                                    {"g_dynamic_10k", simple_one_for_one, 10000},
                                    {"g_dynamic_100k", simple_one_for_one, 100000}]];

%% ---- h. fan-in from a hundred, fan-out to ten thousand

run(h) ->
    Each = n(10000),
    In = twice(Each, fun(N) ->
        Me = self(), P = spawn(fun() -> receive_n(N * 100), Me ! done end),
        timed(fun() -> [spawn(fun() -> sends(P, N) end) || _ <- lists:seq(1, 100)], await_done() end) end),
    rate("h_fan_in", "msgs", Each * 100, In),
    K = n(10000, 100), Rounds = n(50, 3),
    Out = twice(Rounds, fun(N) ->
        Me = self(), Ps = [spawn(fun() -> receive_n(N + 1), Me ! done end) || _ <- lists:seq(1, K)],
        [P ! {tell, 0} || P <- Ps],
        timed(fun() -> broadcast(Ps, N), [await_done() || _ <- Ps] end) end),
    rate("h_fan_out", "msgs", K * Rounds, Out, io_lib:format(", \"receivers\": ~p", [K]));

%% ---- i. node to node

run(i) -> beam_nodes:run().

%% ---- what the rows are made of

await_done() -> receive done -> ok end.

receive_n(0) -> ok;
receive_n(N) -> receive {tell, _} -> receive_n(N - 1) end.

sends(_, 0) -> ok;
sends(P, N) -> P ! {tell, N}, sends(P, N - 1).

casts(_, 0) -> ok;
casts(P, N) -> gen_server:cast(P, {tell, N}), casts(P, N - 1).

%% casts with a window: the counter asks for more when one message of the burst is left
held_casts(P, N) -> casts(P, min(N, ?BURST)), held_more(P, max(0, N - ?BURST)).
held_more(P, N) ->
    receive
        more -> casts(P, min(N, ?BURST)), held_more(P, max(0, N - ?BURST));
        done -> ok
    end.

broadcast(_, 0) -> ok;
broadcast(Ps, N) -> [P ! {tell, N} || P <- Ps], broadcast(Ps, N - 1).

echo() -> receive {From, M} -> From ! {self(), M}, echo(); stop -> ok end.
pings(_, 0) -> ok;
pings(P, N) -> P ! {self(), N}, receive {P, N} -> pings(P, N - 1) end.

hop(Next, Me) -> receive {token, 0} -> Me ! done; {token, N} -> Next ! {token, N - 1}, hop(Next, Me) end.

calls(P, N) -> T0 = now_ns(), L = calls(P, N, []), {now_ns() - T0, L}.
calls(_, 0, L) -> L;
calls(P, N, L) -> T0 = now_ns(), pong = gen_server:call(P, ping, 5000), calls(P, N - 1, [now_ns() - T0 | L]).

idle(Me) -> receive {tell, _} -> Me ! done, idle(Me); stop -> ok end.

%% a thousand messages are under way at once while memory is measured, so that they do not count
lives(N, Report) ->
    Me = self(),
    garbage_collect(), M0 = rss(),
    T0 = now_ns(),
    Ps = [spawn(fun() -> Me ! up, idle(Me) end) || _ <- lists:seq(1, N)],
    [receive up -> ok end || _ <- Ps],
    T1 = now_ns(), garbage_collect(), M1 = rss(),
    told(Ps), garbage_collect(), M2 = rss(),
    Rs = [monitor(process, P) || P <- Ps],
    T2 = now_ns(),
    [P ! stop || P <- Ps], [receive {'DOWN', R, _, _, _} -> ok end || R <- Rs],
    T3 = now_ns(),
    Report(T1 - T0, T3 - T2, M1 - M0, M2 - M0).
told([]) -> ok;
told(Ps) ->
    {Now, Later} = lists:split(min(?BURST, length(Ps)), Ps),
    [P ! {tell, 0} || P <- Now], [await_done() || _ <- Now], told(Later).

%% crash reports on: formatted in full and written to nowhere
reports() ->
    logger:remove_handler(default),
    ok = logger:add_handler(nowhere, logger_std_h, #{config => #{file => "/dev/null"}}),
    logger:set_primary_config(level, error).
reports_off() -> logger:set_primary_config(level, none), logger:remove_handler(nowhere).

hundred(W, How, Before) ->
    fresh(fun() -> restarts(1, 100, How) end),
    Before(),
    L = lists:append([fresh(fun() -> restarts(1, 100, How) end) || _ <- lists:seq(1, n(20, 2))]),
    reports_off(),
    restarted(W, L, "").

restarted(W, L, More) -> rate(W, "restarts", length(L), lists:sum(L), More), latency(W, L, More).

%% the nanoseconds from the crash of the last child to the answer of its successor
restarts(Kids, N, How) ->
    Me = self(),
    Specs = [#{id => I, start => {?MODULE, start_worker, [Me]}} || I <- lists:seq(1, Kids)],
    {ok, Sup} = supervisor:start_link(?MODULE, {supervisor, one_for_one, Specs}),
    Ps = [receive {up, P} -> P end || _ <- lists:seq(1, Kids)],
    L = restart(lists:last(Ps), N, How, []),
    unlink(Sup), exit(Sup, kill), L.
restart(_, 0, _, L) -> L;
restart(P, N, How, L) ->
    T0 = now_ns(), gen_server:cast(P, How),
    receive {up, Q} -> pong = gen_server:call(Q, ping, 5000), restart(Q, N - 1, How, [now_ns() - T0 | L]) end.

%% the nanoseconds to start and to stop a supervisor of N children
tree(Strategy, N) ->
    process_flag(trap_exit, true),
    Start = {?MODULE, start_worker, [none]},
    garbage_collect(),
    T0 = now_ns(),
    {ok, Sup} = case Strategy of
        one_for_one ->
            Specs = [#{id => I, start => Start} || I <- lists:seq(1, N)],
            supervisor:start_link(?MODULE, {supervisor, one_for_one, Specs});
        simple_one_for_one ->
            {ok, S} = supervisor:start_link(?MODULE, {supervisor, simple_one_for_one, [#{id => x, start => Start}]}),
            [{ok, _} = supervisor:start_child(S, []) || _ <- lists:seq(1, N)], {ok, S}
    end,
    T1 = now_ns(), R = monitor(process, Sup), T2 = now_ns(),
    exit(Sup, shutdown), receive {'DOWN', R, _, _, _} -> ok end,
    {T1 - T0, now_ns() - T2}.
