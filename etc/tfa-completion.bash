# Completion for tfa-admin and tfa in bash. The names of users and groups come
# from getent, serial numbers from tfa-admin. A directory may be slow, or may not
# list its members. Its owners choose the names, so a name may be an attack: no
# name is expanded here, as "compgen -W" would do, and each is quoted before it
# reaches the command line.

_tfa_admin_commands="setup doctor enable enforce exempt disable exemptions forward
policy users explain revoke forget code enroll import tokens assign unlock log
report metrics store help"

_tfa_admin_options()
{
	case $1 in
	setup)
		echo --only --dry-run --break-glass --door --no-door --wait \
		    --confirm --undo --watch --remove --keep --used
		;;
	doctor) echo --config --probe --code --deep ;;
	enforce) echo --grace --until ;;
	exempt) echo --from --until ;;
	exemptions) echo --csv ;;
	users) echo --state --group --no-device --unused --summary --csv ;;
	explain) echo --door --from --at --key --config ;;
	revoke) echo --block --code --device --end-sessions ;;
	code) echo --enroll --pass ;;
	enroll) echo --hotp --qr --letter ;;
	import) echo --account --csv --secrets ;;
	tokens) echo --csv --remove ;;
	log)
		echo --user --since --until --verdict --event --reason --csv
		;;
	report) echo --since --until --group --no-names --output ;;
	metrics) echo --output --full ;;
	store)
		echo --new --migrate --prefer --to --dry-run --here \
		    --folder
		;;
	esac
	echo --json --yes --lock-me-out --socket --store --policy --keeper-user --help
	echo --fleet --link
	[ -n "$1" ] || echo --version
}

_tfa_users()
{
	getent passwd | cut -d : -f 1
}

_tfa_groups()
{
	getent group | cut -d : -f 1
}

# Prints the serial numbers of tokens in that state, or of all.
_tfa_serials()
{
	tfa-admin tokens --csv 2>/dev/null |
	    awk -F , -v state="$1" 'NR > 1 && (state == "" || $6 == state) {
		print $1 }'
}

# Prints the values that an option takes, one a line. Fails if the option takes
# none.
_tfa_argument()
{
	case $1 in
	--break-glass | --probe | --user | --keeper-user) _tfa_users ;;
	--group) _tfa_groups ;;
	--only)
		_tfa_groups | sed 's/^/@/'
		_tfa_users
		;;
	--state)
		printf '%s\n' exempt locked enrolled hardware invited \
		    blocked gone overdue grace pending
		;;
	--grace | --since | --unused) printf '%s\n' 1d 7d 14d 30d ;;
	--verdict) printf '%s\n' pass deny ;;
	--event) printf '%s\n' login enroll revoke policy ;;
	--reason) printf '%s\n' wrong_code locked hardware_key store ;;
	--qr) printf '%s\n' terminal svg uri ;;
	--door) printf '%s\n' 2222 ;;
	--wait) printf '%s\n' 5m 15m 1h ;;
	--until | --at) date +%Y-%m-%d ;;
	--to) printf '%s\n' fleet folder ;;
	--secrets) printf '%s\n' hex base32 ;;
	--prefer) echo last-login ;;
	--from | --device | --account | --new) ;;
	*) return 1 ;;
	esac
}

# Splits the line at white space; COMP_WORDS is split at @ and : too. Sets cur
# to the part of a word before the cursor, and words to the words before it.
_tfa_split()
{
	local line=${COMP_LINE:0:COMP_POINT}

	read -ra words <<<"$line"
	cur=
	case $line in
	*[![:space:]])
		cur=${words[${#words[@]} - 1]}
		unset "words[${#words[@]} - 1]"
		;;
	esac
}

# Offers those lines of its input that begin with cur. It leaves out names that
# would control the terminal and names that look like options.
_tfa_offer_names()
{
	local name

	COMPREPLY=()
	while IFS= read -r name; do
		case $name in
		'' | -* | *[[:cntrl:]]*) ;;
		"$cur"*)
			printf -v name %q "$name"
			COMPREPLY+=("$name")
			;;
		esac
	done
}

# Offers those of the given words that begin with cur.
_tfa_offer()
{
	local word

	COMPREPLY=()
	for word in $1; do
		case $word in
		"$cur"*) COMPREPLY+=("$word") ;;
		esac
	done
}

_tfa_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# Prints the first word that is neither an option nor an option's argument.
_tfa_command()
{
	local i

	for ((i = 1; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		--socket | --store | --policy | --config | --output | --targets | \
		    --fleet | --link | --folder | -i) ((i++)) ;;
		--*) _tfa_argument "${words[i]}" >/dev/null && ((i++)) ;;
		*)
			echo "${words[i]}"
			return
			;;
		esac
	done
}

_tfa_admin()
{
	local words cur command before argument

	_tfa_split
	command=$(_tfa_command)
	before=${words[${#words[@]} - 1]}
	case $before in
	--socket | --store | --policy | --config | --output | --fleet | \
	    --link | --folder | --key | --letter | -i)
		_tfa_files
		return
		;;
	--*)
		if argument=$(_tfa_argument "$before"); then
			_tfa_offer_names <<<"$argument"
			return
		fi
		;;
	esac
	case $cur in
	-*)
		_tfa_offer "$(_tfa_admin_options "$command")"
		return
		;;
	esac
	case $command in
	'' | help) _tfa_offer "$_tfa_admin_commands" ;;
	enable | enforce | exempt | disable)
		_tfa_offer_names < <(_tfa_users; _tfa_groups | sed 's/^/@/')
		;;
	forward)
		_tfa_offer_names < <(_tfa_users; _tfa_groups | sed 's/^/@/'
			[ "$before" = forward ] ||
			    printf '%s\n' closed after-code open)
		;;
	policy)
		case $before in
		policy) _tfa_offer 'show edit check history undo' ;;
		check) _tfa_files ;;
		esac
		;;
	store)
		case $before in
		store)
			_tfa_offer 'status join migrate leave remove export key
			    reseal level accept-restore'
			;;
		key) _tfa_offer 'add use drop' ;;
		export) _tfa_files ;;
		esac
		;;
	assign)
		if [ "$before" = assign ]; then
			_tfa_offer_names < <(_tfa_users)
		else
			_tfa_offer_names < <(_tfa_serials free)
		fi
		;;
	tokens)
		[ "$before" != --remove ] ||
		    _tfa_offer_names < <(_tfa_serials)
		;;
	users | explain | revoke | forget | code | enroll | unlock)
		_tfa_offer_names < <(_tfa_users)
		;;
	import)
		case $before in
		--csv) _tfa_files ;;
		import) _tfa_offer_names < <(_tfa_users) ;;
		*) _tfa_files ;;
		esac
		;;
	doctor)
		case ${words[*]} in
		*--probe*) _tfa_offer -i ;;
		esac
		;;
	esac
}

_tfa()
{
	local words cur before argument

	_tfa_split
	before=${words[${#words[@]} - 1]}
	case $before in
	--socket | --store | --policy | --targets)
		_tfa_files
		return
		;;
	--*)
		if argument=$(_tfa_argument "$before"); then
			_tfa_offer_names <<<"$argument"
			return
		fi
		;;
	esac
	case $cur in
	-*)
		_tfa_offer '--socket --store --policy --targets --keeper-user
		--help --version'
		;;
	*)
		[ -n "$(_tfa_command)" ] ||
		    _tfa_offer 'status add remove recovery connect tunnel'
		;;
	esac
}

complete -F _tfa_admin tfa-admin
complete -F _tfa tfa
